// Package emulatortest makes emulators for tests.
package emulatortest

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wxcloud-go/wxfn/emulator"
	"github.com/wxcloud-go/wxfn/emulator/internal/stubcheck"
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

// Stub adds stubs, as [emulator.Emulator.Stub] does. The test fails at once if one of them can never work, and when it
// ends if one has answered no call; it is told how calls missed it. Of stubs that are equal, added by one line for several
// tests, the first one answers for all.
func Stub(t testing.TB, e *emulator.Emulator, stubs ...emulator.Stub) {
	t.Helper()
	_, file, line, _ := runtime.Caller(1)
	file = filepath.Base(file)
	stubs = slices.Clone(stubs) // as the emulator will have them
	for i := range stubs {
		stubs[i].Line = line
		if len(stubs) > 1 && stubs[i].Name == "" {
			stubs[i].Name = fmt.Sprintf("%s [%d]", stubs[i].API, i) // else messages could mean any of them
		}
		if path, err := filepath.Abs(stubs[i].File); err == nil && stubs[i].File != "" {
			stubs[i].File = path
		}
	}
	if err := e.Stub(stubs...); err != nil {
		t.Fatalf("emulatortest: %v", err)
	}
	warnings, _ := stubcheck.Check(stubs...)
	for _, w := range warnings {
		t.Logf("emulatortest: %s:%d: %s", file, line, w)
	}
	t.Cleanup(func() {
		if t.Skipped() {
			return
		}
		t.Helper()
		states := e.Stubs()
		for _, s := range stubs {
			i := slices.IndexFunc(states, func(state emulator.StubState) bool {
				return state.From == file && reflect.DeepEqual(state.Stub, s)
			})
			if i < 0 {
				continue // the test has removed it
			}
			if states[i].Answered == 0 {
				name := fmt.Sprintf("%q (%s:%d)", cmp.Or(s.Name, s.API), file, line)
				t.Errorf("emulatortest: stub %s has answered no call%s", name, misses(e, name))
			}
			states = slices.Delete(states, i, i+1)
		}
	})
}

// misses lists the first calls that a stub almost answered, with why it did not.
func misses(e *emulator.Emulator, stub string) string {
	const most = 3
	var b strings.Builder
	n := 0
	for _, call := range e.Calls("") {
		for _, miss := range call.NearMisses {
			if why, ok := strings.CutPrefix(miss, stub+": "); ok && n < most {
				n++
				by := "over HTTPS"
				if call.Function != "" {
					by = fmt.Sprintf("by %s for %s", call.Function, call.OpenID)
				}
				fmt.Fprintf(&b, "\n  nor %s %s: %s", call.API, by, why)
			}
		}
	}
	return b.String()
}
