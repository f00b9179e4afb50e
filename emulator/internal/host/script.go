package host

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// cloudProgram is the path of a language's program, which a script has to name in the cloud
// (https://cloud.tencent.com/document/product/583/56126) and which is nowhere else.
var cloudProgram = regexp.MustCompile(`/var/lang/[\w.-]+/bin/([\w.-]+)`)

// Script returns the program of an executable file, run in the folder dir. Paths in a shell script that name programs
// of the cloud are replaced by the programs of that name on this machine.
func Script(path, dir string) Program {
	program := Program{Path: path, Dir: dir}
	text, err := readStart(path)
	if err != nil || !bytes.HasPrefix(text, []byte("#!")) {
		return program
	}
	first, _, _ := strings.Cut(string(text), "\n")
	shell := strings.Fields(strings.TrimPrefix(first, "#!"))
	if len(shell) != 1 || !strings.HasSuffix(shell[0], "sh") {
		return program
	}
	local := cloudProgram.ReplaceAllStringFunc(string(text), localProgram)
	if local != string(text) {
		program.Path, program.Args = shell[0], []string{"-c", local, path}
	}
	return program
}

// maxScript is how long a script can be that is looked into, in bytes.
const maxScript = 64 << 10

func readStart(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > maxScript {
		return nil, err
	}
	return os.ReadFile(path)
}

// localProgram returns what stands for a path of the cloud here; the path itself where nothing does.
func localProgram(path string) string {
	if _, err := os.Stat(path); err == nil {
		return path
	}
	name := filepath.Base(path)
	for name != "" {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
		dot := strings.LastIndexByte(name, '.') // python3.9 may be python3
		if dot < 0 {
			break
		}
		name = name[:dot]
	}
	return path
}
