package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func oldSDK(version string) string {
	return "package.json:1:36: warning: wx-server-sdk " + version + " is older than 0.8; wxfn serves neither its uploads nor the callFunction of 0.0 and 0.1 (old-sdk); run npm install wx-server-sdk@latest in the function's folder"
}

var sdkCases = []struct {
	manifest string
	findings []string
}{
	{`{"dependencies": {"wx-server-sdk": "0.6.1"}}`, []string{oldSDK("0.6.1")}},
	{`{"dependencies": {"wx-server-sdk": "^0.4.3"}}`, []string{oldSDK("^0.4.3")}},
	{`{"dependencies": {"wx-server-sdk": "~0.0"}}`, []string{oldSDK("~0.0")}},
	{`{"dependencies": {"wx-server-sdk": "0.1.x"}}`, []string{oldSDK("0.1.x")}},
	{`{"dependencies": {"wx-server-sdk": "^0.8.1"}}`, nil},
	{`{"dependencies": {"wx-server-sdk": ">=0.4"}}`, nil},
	{`{"dependencies": {"wx-server-sdk": "0.x"}}`, nil},
	{`{"dependencies": {"wx-server-sdk": "~2.6.3"}}`, nil},
	{`{"dependencies": {"wx-server-sdk": "latest"}}`, nil},
	{`{"dependencies": {"wx-server-sdk": 4}}`, nil},
	{`{"dependencies": [], // npm itself complains`, nil},
	{`[]`, nil},
}

func TestOldSDK(t *testing.T) {
	t.Parallel()
	for _, c := range sdkCases {
		t.Run(c.manifest, func(t *testing.T) {
			t.Parallel()
			_, findings, err := LoadFunction(tree(t, map[string]string{"package.json": c.manifest}))
			require.NoError(t, err)
			var lines []string
			for _, f := range findings {
				lines = append(lines, f.String())
			}
			assert.Equal(t, c.findings, lines)
		})
	}
}
