package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
)

func TestServesCodes(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.HandleHTTP("codes", newHandler(), "wxacode.get")
	client := &http.Client{Transport: emu.As("oAlice")}

	for path, want := range map[string]struct {
		status      int
		contentType string
	}{
		"/codes/page/index/index":           {http.StatusOK, "image/jpeg"},
		"/codes/page/index/index?hyaline=1": {http.StatusOK, "image/png"},
		"/codes/":                           {http.StatusBadRequest, "text/plain; charset=utf-8"},
	} {
		resp, err := client.Get("http://codes" + path)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want.status, resp.StatusCode, "%s", body)
		assert.Equal(t, want.contentType, resp.Header.Get("Content-Type"))
	}
}
