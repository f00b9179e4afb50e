package host

import (
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"
)

func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func spawn(cmd *exec.Cmd) error { return cmd.Start() }

// terminate does nothing: Windows has no polite signal for a process without a console.
func terminate(*exec.Cmd) {}

// killGroup ends the process and all that it has started.
func killGroup(cmd *exec.Cmd) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
}

// readAll takes in what is printed until the last writer is gone.
func (p *pipe) readAll() {
	buf := make([]byte, len(p.buf))
	for {
		n, err := p.file.Read(buf)
		p.mu.Lock()
		p.lines.write(buf[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

var peekNamedPipe = syscall.NewLazyDLL("kernel32.dll").NewProc("PeekNamedPipe")

// drain waits until readAll has taken in what has been printed.
func (p *pipe) drain() {
	for {
		var available uint32
		ok, _, _ := peekNamedPipe.Call(p.file.Fd(), 0, 0, 0, uintptr(unsafe.Pointer(&available)), 0)
		if ok == 0 || available == 0 {
			return
		}
	}
}
