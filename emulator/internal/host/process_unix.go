//go:build unix

package host

import (
	"os/exec"
	"syscall"
)

// terminate asks the process to end.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(cmd.Process.Pid, syscall.SIGTERM) }

// killGroup ends the process and all that it has started, unless they left its group.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// readAll takes in what is printed until the last writer is gone.
func (p *pipe) readAll() {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	for open := true; open; {
		// Reading is done under the lock, so that drain knows that nothing is on its way.
		err := raw.Read(func(fd uintptr) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			n, err := syscall.Read(int(fd), p.buf[:])
			if err == syscall.EAGAIN {
				return false
			}
			if n > 0 {
				p.lines.write(p.buf[:n])
			}
			open = n > 0 || err == syscall.EINTR
			return true
		})
		if err != nil {
			return
		}
	}
}

// pipeSize is what a pipe holds at the most, on Linux and macOS.
const pipeSize = 64 << 10

// drain takes in all that has been printed until now.
func (p *pipe) drain() {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		p.mu.Lock()
		defer p.mu.Unlock()
		// A process that prints without end fills the pipe again and again: what was in it is what counts.
		for taken := 0; taken < pipeSize; {
			n, err := syscall.Read(int(fd), p.buf[:])
			if err == syscall.EINTR {
				continue
			}
			if n <= 0 {
				return
			}
			p.lines.write(p.buf[:n])
			taken += n
		}
	})
}
