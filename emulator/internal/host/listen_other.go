//go:build !linux

package host

// owns tells whether it is the process that listens on a port. Here the systems do not tell: nobody did so before the
// process was started.
func (*process) owns(int) bool { return true }
