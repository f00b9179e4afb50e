package host

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// canTellOwners is whether the system tells who listens on a port.
const canTellOwners = true

// owns tells whether it is the process, or one that it has started, that listens on a port.
func (proc *process) owns(port int) bool {
	sockets := listeners(port)
	if len(sockets) == 0 {
		return false
	}
	group := proc.cmd.Process.Pid
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		if groupOf(stat) != group {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(stat), "fd", "*"))
		for _, file := range files {
			if target, err := os.Readlink(file); err == nil && sockets[target] {
				return true
			}
		}
	}
	return false
}

// listeners returns the sockets that listen on a port, as links to open files name them.
func listeners(port int) map[string]bool {
	sockets := map[string]bool{}
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
			fields := strings.Fields(lines.Text())
			const listening = "0A"
			if len(fields) > 9 && fields[3] == listening && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+fields[9]+"]"] = true
			}
		}
		_ = file.Close()
	}
	return sockets
}

// groupOf returns the process group in a file /proc/PID/stat; 0 where there is none any more.
func groupOf(stat string) int {
	text, err := os.ReadFile(stat)
	if err != nil {
		return 0
	}
	// pid (name) state ppid pgrp: the name may hold anything.
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 3 {
		return 0
	}
	group, _ := strconv.Atoi(fields[2])
	return group
}
