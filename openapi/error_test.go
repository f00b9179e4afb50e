package openapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/wxcloud-go/wxfn/openapi"
)

func TestErrorFormat(t *testing.T) {
	t.Parallel()
	const official = "errCode: 45029  | errMsg: openapi.wxacode.get:fail full"
	plain := &openapi.Error{API: "wxacode.get", ErrCode: 45029, ErrMsg: "openapi.wxacode.get:fail full"}
	advised := *plain
	advised.Advice = "wait a day"
	for _, c := range []struct {
		format string
		err    error
		want   string
	}{
		{"%v", &advised, official},
		{"%s", &advised, official},
		{"%+v", &advised, official + "\nadvice: wait a day"},
		{"%+v", plain, official},
		{"%.7s", plain, "errCode"},
		{"%q", plain, `"` + official + `"`},
		{"%v", (*openapi.Error)(nil), "<nil>"},
		{"%+v", (*openapi.Error)(nil), "<nil>"},
		{"%v", fmt.Errorf("sending: %w", &advised), "sending: " + official},
	} {
		assert.Equal(t, c.want, fmt.Sprintf(c.format, c.err), c.format)
	}
	assert.Contains(t, fmt.Sprintf("%#v", &advised), `Advice:"wait a day"`)
}
