package host

import (
	"fmt"
	"strings"
)

// canTellOwners is whether the system tells who listens on a port, and who is at the other end of a connection.
const canTellOwners = true

// owns reports whether it is the process, or one that it has started, that listens on a port.
func (proc *process) owns(port int) bool {
	sockets := listenersOn(port)
	return len(sockets) > 0 && proc.hasSocket(sockets)
}

// listensOn reports whether the process listens on a port on which somebody does; true, where that cannot be told.
func (proc *process) listensOn(port int) bool { return !tellsSockets() || proc.owns(port) }

func listenersOn(port int) map[string]bool {
	const listening = "0A"
	return socketsWhere(func(local, _, state string) bool {
		return state == listening && strings.HasSuffix(local, fmt.Sprintf(":%04X", port))
	})
}
