package emulator_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
)

// told hands over what an emulator logs, each with its level before it.
type told chan string

func (told) Enabled(context.Context, slog.Level) bool { return true }
func (l told) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l told) WithGroup(string) slog.Handler          { return l }
func (l told) Handle(_ context.Context, r slog.Record) error {
	l <- r.Level.String() + " " + r.Message
	return nil
}

// next waits for the next finding that is logged.
func (l told) next(t *testing.T) string {
	t.Helper()
	for {
		select {
		case line := <-l:
			if strings.Contains(line, "/index.js:") || strings.Contains(line, "/config.json:") {
				return line
			}
		case <-time.After(20 * time.Second):
			require.Fail(t, "nothing more is logged")
		}
	}
}

// checking is an emulator of a folder, watching and checking.
func checking(t *testing.T, dir string, check bool) (*emulator.Emulator, told) {
	t.Helper()
	log := make(told, 1000)
	emu := emulatortest.New(t, emulator.Config{Dir: dir, Check: check, Log: slog.New(log)})
	emu.Watch()
	return emu, log
}

const callOf = "const cloud = require('wx-server-sdk')\nexports.main = e => cloud.openapi.%s(e)\n"

func TestFindingsOfTheCheckAreLogged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		// At once: nobody is to see half a file.
		temp := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(temp, []byte(text), 0o644))
		require.NoError(t, os.Rename(temp, path))
	}
	js := filepath.ToSlash(filepath.Join(dir, "a", "index.js"))
	file := filepath.ToSlash(filepath.Join(dir, "a", "config.json"))
	save("a/index.js", fmt.Sprintf(callOf, "wxacode.get"))
	save("a/config.json", `{"permissions": {"openapi": []}}`)
	save("b/index.js", "exports.main = e => 1\n")

	_, log := checking(t, dir, true)
	missing := fmt.Sprintf(`ERROR %s:2:43: a calls wxacode.get, which its config.json does not permit (missing-permission); add "wxacode.get" to permissions.openapi in %s`, js, file)
	assert.Equal(t, missing, log.next(t), "at the start")

	save("b/index.js", "exports.main = e => 2\n")
	save("a/config.json", `{"permissions": {"openapi": ["img.aiCrop"]}}`)
	assert.Equal(t, fmt.Sprintf(`WARN %s:1:30: a permits img.aiCrop, which its code never calls (unused-permission); remove the entry`, file), log.next(t),
		"after a save, without what was told before")

	save("a/index.js", "exports.main = (")
	save("a/config.json", `{"permissions": {"openapi": ["img.aiCrop"]}} `)
	save("a/index.js", fmt.Sprintf(callOf, "wxacode.get")+"\n")
	save("b/index.js", fmt.Sprintf(callOf, "img.aiCrop"))
	assert.Contains(t, log.next(t), "b calls img.aiCrop and has no config.json to permit it (missing-permission)", "what was told is not told again after an edit")

	save("a/config.json", `{"permissions": {"openapi": ["wxacode.get"]}}`)
	save("a/index.js", fmt.Sprintf(callOf, "img.aiCrop"))
	lines := log.next(t) + "\n" + log.next(t)
	assert.Contains(t, lines, "a calls img.aiCrop")
	assert.Contains(t, lines, "a permits wxacode.get, which its code never calls")
}

func TestNothingIsCheckedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "index.js"), []byte(fmt.Sprintf(callOf, "wxacode.get")), 0o644))
	emu, log := checking(t, dir, false)
	require.NoError(t, emu.Close())
	close(log)
	for line := range log {
		assert.NotContains(t, line, "missing-permission")
	}
}
