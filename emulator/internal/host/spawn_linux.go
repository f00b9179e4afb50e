package host

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// ownGroup puts the process into a group of its own, which ends with this process even where it is killed.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// spawn starts cmd. The kernel ties Pdeathsig to the thread that starts a process, so one thread, which lives as long
// as this process, starts them all.
func spawn(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	spawner() <- func() { result <- cmd.Start() }
	return <-result
}

var spawner = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})
