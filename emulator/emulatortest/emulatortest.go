// Package emulatortest makes emulators for tests.
package emulatortest

import (
	"testing"

	"github.com/wxcloud-go/wxfn/emulator"
)

// New returns an emulator that is closed when the test ends. The test fails at once if there can be none.
func New(t testing.TB, c emulator.Config) *emulator.Emulator {
	t.Helper()
	e, err := emulator.New(c)
	if err != nil {
		t.Fatalf("emulatortest: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}
