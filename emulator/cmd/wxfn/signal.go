package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// oneRequest is for how long after the first signal others are part of the same request: timeout(1) sends its own twice,
// and so does npm after the ^C that the terminal has sent already.
const oneRequest = 500 * time.Millisecond

// untilSignal returns a context that ends with the first signal to end: ^C, kill, or the end of the terminal. The next
// request does what it does to any program.
func untilSignal() (ctx context.Context, stop func()) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop = signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, func() { time.AfterFunc(oneRequest, stop) })
	return ctx, stop
}
