package host

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// tellsSockets reports whether /proc tells whose a socket is, which it does not in every sandbox.
var tellsSockets = sync.OnceValue(func() bool {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return false
	}
	defer l.Close()
	return opens("self", listenersOn(l.Addr().(*net.TCPAddr).Port))
})

// holds reports whether the other end of a connection is the process's, or that of one which it has started; true, where
// that cannot be told. The system lists connections by the addresses of both ends.
func (proc *process) holds(c net.Conn) bool {
	if !tellsSockets() {
		return true
	}
	theirs, ours := c.RemoteAddr().(*net.TCPAddr), c.LocalAddr().(*net.TCPAddr)
	sockets := socketsWhere(func(local, remote, _ string) bool {
		return isAddress(local, theirs) && isAddress(remote, ours)
	})
	return len(sockets) > 0 && proc.hasSocket(sockets)
}

// isAddress reports whether an address in /proc/net/tcp or tcp6 is addr, an IPv4 address: "0100007F:1F90".
func isAddress(listed string, addr *net.TCPAddr) bool {
	ip := addr.IP.To4()
	return ip != nil && strings.HasSuffix(listed, fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip), addr.Port))
}

// hasSocket reports whether one of these sockets is open in the process, or in one that it has started.
func (proc *process) hasSocket(sockets map[string]bool) bool {
	pid := proc.cmd.Process.Pid
	if opens(strconv.Itoa(pid), sockets) { // nearly always it is itself
		return true
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	parents, groups := map[int]int{}, map[int]int{}
	for _, stat := range stats {
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		parents[id], groups[id] = familyOf(stat)
	}
	for id, group := range groups {
		ours := group == pid
		for ancestor := id; !ours && ancestor > 1; ancestor = parents[ancestor] {
			ours = ancestor == pid
		}
		if ours && id != pid && opens(strconv.Itoa(id), sockets) {
			return true
		}
	}
	return false
}

// opens reports whether a process has one of these sockets open.
func opens(pid string, sockets map[string]bool) bool {
	files, _ := filepath.Glob(filepath.Join("/proc", pid, "fd", "*"))
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && sockets[target] {
			return true
		}
	}
	return false
}

// socketsWhere returns the TCP sockets whose addresses and state are as wanted, as links to open files name them.
func socketsWhere(wanted func(local, remote, state string) bool) map[string]bool {
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
			if len(fields) > 9 && wanted(fields[1], fields[2], fields[3]) {
				sockets["socket:["+fields[9]+"]"] = true
			}
		}
		_ = file.Close()
	}
	return sockets
}

// familyOf returns the parent and the process group in a file /proc/PID/stat; 0 where there is none any more.
func familyOf(stat string) (parent, group int) {
	text, err := os.ReadFile(stat)
	if err != nil {
		return 0, 0
	}
	// pid (name) state ppid pgrp: the name may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 3 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	group, _ = strconv.Atoi(fields[2])
	return parent, group
}
