package emulator_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/emulatortest"
)

func TestAPermissionCountsAtOnceOrAfterTheDelay(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"at once": 0, "as in the cloud": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "sh")
			require.NoError(t, os.MkdirAll(dir, 0o755))
			write := func(file, text string, mode os.FileMode) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), mode))
			}
			write("bootstrap", "#!/bin/sh\n", 0o755)
			write("config.json", `{"permissions": {"openapi": []}}`, 0o644)
			var now atomic.Int64
			now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
			emu := emulatortest.New(t, emulator.Config{Dir: dir, PermissionDelay: delay, Now: func() time.Time { return time.Unix(0, now.Load()) }})
			permitted := func() bool { return emu.Permitted("sh", "wxacode.get") }

			require.False(t, permitted())
			write("config.json", `{"permissions": {"openapi": ["wxacode.get"]}}`, 0o644)
			assert.Equal(t, delay == 0, permitted())
			now.Add(int64(10*time.Minute - time.Second))
			assert.Equal(t, delay == 0, permitted())
			now.Add(int64(time.Second))
			assert.True(t, permitted())
		})
	}
}
