package emulator_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// floors are the packages of the module from the bottom up. A package imports only packages on floors below its own. A
// name that ends with /... stands for all packages of that folder, which may import each other.
var floors = [][]string{
	{"cloudfn/wxcloud", "openapi/catalog"},
	{"cloudfn/go1", "openapi/tcb"},
	{"cloudfn", "config"},
	{"openapi", "config/permcheck/..."},
	{"emulator/internal/statedir", "emulator/internal/journal", "emulator/internal/watch", "emulator/internal/egress", "emulator/internal/scaffold", "emulator/internal/stubcheck",
		"emulator/internal/platform/picture", "emulator/internal/platform/recent"},
	{"emulator/internal/store", "emulator/internal/pack", "emulator/internal/control/api"},
	{"emulator/internal/platform/apicall"},
	{"emulator/internal/platform/launch"},
	features,
	{"emulator/internal/platform", "emulator/internal/host"},
	{"emulator/internal/control"},
	{"emulator"},
	{"emulator/emulatortest", "emulator/cmd/wxfn"},
}

// features are the packages whose APIs the platform serves.
var features = []string{
	"emulator/internal/platform/link", "emulator/internal/platform/message", "emulator/internal/platform/phone",
	"emulator/internal/platform/qrcode", "emulator/internal/platform/security",
}

// floorOf returns the floor of a package and its name in [floors]; floor is -1 if it has none.
func floorOf(path string) (floor int, name string) {
	for i, names := range floors {
		for _, name := range names {
			folder, all := strings.CutSuffix(name, "/...")
			if path == folder || all && strings.HasPrefix(path, folder+"/") {
				return i, name
			}
		}
	}
	return -1, ""
}

// TestFloors: imports point downwards only, also those through packages that have no floor.
func TestFloors(t *testing.T) {
	t.Parallel()
	const module = "github.com/wxcloud-go/wxfn/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, module+"...").Output()
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		packages := strings.Fields(line)
		importer := strings.TrimPrefix(packages[0], module)
		floor, name := floorOf(importer)
		seen[name] = true
		if strings.HasPrefix(importer, "emulator/internal/platform/") {
			assert.GreaterOrEqual(t, floor, 0, "%s needs a floor", importer)
		}
		for _, path := range packages[1:] {
			imported, ours := strings.CutPrefix(path, module)
			below, other := floorOf(imported)
			if ours && floor >= 0 && below >= 0 && other != name {
				assert.Less(t, below, floor, "%s imports %s", importer, imported)
			}
		}
	}
	for _, feature := range features {
		assert.True(t, seen[feature], "there is no %s", feature)
	}
}
