package wxcloud_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

func TestText(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "function has no permission to call this API", wxcloud.Text(wxcloud.NoPermission))
	assert.Empty(t, wxcloud.Text(45029), "which is an API's, and not the platform's")
}

// A chain of sources is split at its commas.
func TestSourcesHaveNoComma(t *testing.T) {
	t.Parallel()
	for _, source := range wxcloud.Sources() {
		assert.NotContains(t, source, ",")
		assert.Equal(t, strings.TrimSpace(source), source)
	}
}
