package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
	"github.com/wxcloud-go/wxfn/openapi"
)

func TestMakesAQRCode(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("createqrcode", cloudfn.Func(handle), "wxacode.createQRCode")

	result, err := emu.As("oAlice").Invoke(t.Context(), "createqrcode", Event{Path: "page/index/index?id=7", Width: 280})
	require.NoError(t, err)
	var image openapi.Image
	require.NoError(t, result.Decode(&image))
	assert.Equal(t, "image/jpeg", image.ContentType)
}

func TestPathIsTooLong(t *testing.T) {
	t.Parallel()
	emu := emulatortest.New(t, emulator.Config{})
	emu.Handle("createqrcode", cloudfn.Func(handle), "wxacode.createQRCode")

	_, err := emu.As("oAlice").Invoke(t.Context(), "createqrcode", Event{Path: string(make([]byte, 129))})
	assert.ErrorContains(t, err, "40159")
}
