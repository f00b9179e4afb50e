package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/host"
)

func TestPackagesAreInstalledWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	needsNode(t)
	dir := files(t, map[string]string{
		"f/index.js":         "exports.main = () => require('dep')",
		"f/package.json":     `{"dependencies": {"dep": "file:dep"}}`,
		"f/dep/package.json": `{"name": "dep", "version": "1.0.0"}`,
		"f/dep/index.js":     "module.exports = 'installed'",
	})
	e := newEmulator(t, Config{Dir: dir, Install: true})
	require.Empty(t, e.Build(t.Context()))
	result, err := e.As("oAlice").Invoke(t.Context(), "f", nil)
	require.NoError(t, err)
	assert.Equal(t, `"installed"`, string(result.JSON))
}

func TestAStateFolderThatCannotBeMadeSaysSo(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"state": "a file", "f/go.mod": goModule, "f/main.go": goProgram, "n/index.js": "exports.main = () => 1"})
	e := newEmulator(t, Config{Dir: dir, State: filepath.Join(dir, "state")})
	e.Handle("handler", echo)
	want := "the state folder: mkdir " + filepath.Join(dir, "state") + ": not a directory"
	assert.EqualError(t, e.Build(t.Context())["f"], want)
	for name, ok := range map[string]bool{"f": false, "handler": true} {
		_, err := e.As("oAlice").Invoke(t.Context(), name, nil)
		if ok {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
}

func TestFunctionsInProcessesNeedTheAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	dir := files(t, map[string]string{"f/go.mod": goModule, "f/main.go": goProgram})
	e := newEmulator(t, Config{Dir: dir, Addr: l.Addr().String()})
	_, err = e.As("oAlice").Invoke(t.Context(), "f", nil)
	assert.EqualError(t, err, "cloud.callFunction:fail errCode: -504002 functions execute fail | errMsg: cannot listen on "+l.Addr().String()+": bind: address already in use")
}

func TestCloseEndsABuild(t *testing.T) {
	t.Parallel()
	// Enough to compile that the build is not over at once.
	dir := files(t, map[string]string{"go.mod": goModule, "f/main.go": "package main\n\nimport (\n\t_ \"net/http\"\n\t_ \"go/types\"\n)\n\nfunc main() {}\n"})
	e := newEmulator(t, Config{Dir: dir})
	built := make(chan map[string]error, 1)
	go func() { built <- e.Build(context.Background()) }()
	called := make(chan error, 1)
	go func() {
		_, err := e.As("oAlice").Invoke(context.Background(), "f", nil)
		called <- err
	}()
	require.Eventually(t, func() bool { return len(e.journal.All()) == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, e.Close())
	require.Error(t, <-called)
	<-built
	if e.state != "" {
		assert.NoDirExists(t, e.state)
	}
}

// folderFunction is a function whose preparation a test has in hand.
func folderFunction(prepare func(context.Context) (*host.Function, error)) *function {
	f := &function{name: "f", prepare: func(ctx context.Context, _ buildFunc) (*host.Function, error) { return prepare(ctx) }}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

func TestAFunctionIsMadeReadyOnce(t *testing.T) {
	t.Parallel()
	times := 0
	goOn := make(chan error)
	f := folderFunction(func(context.Context) (*host.Function, error) {
		times++
		if err := <-goOn; err != nil {
			return nil, err
		}
		return host.New("f", &host.InProcess{Handler: echo}, 0, 0, 0), nil
	})
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := f.ready(impatient, nil); left <- err }()
	leave()
	assert.ErrorContains(t, <-left, "the caller went away while the function was made ready")

	type outcome struct {
		hosted *host.Function
		err    error
	}
	outcomes := make(chan outcome, 8)
	for range cap(outcomes) {
		go func() {
			hosted, err := f.ready(t.Context(), nil)
			outcomes <- outcome{hosted, err}
		}()
	}
	goOn <- nil
	first := <-outcomes
	require.NoError(t, first.err)
	for range cap(outcomes) - 1 {
		assert.Equal(t, first, <-outcomes)
	}
	assert.Equal(t, 1, times)
	f.close()
	_, err := f.ready(t.Context(), nil)
	assert.ErrorIs(t, err, errStopping)
}

func TestAPreparationThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	times := 0
	f := folderFunction(func(context.Context) (*host.Function, error) {
		if times++; times < 3 {
			return nil, fmt.Errorf("attempt %d", times)
		}
		return host.New("f", &host.InProcess{Handler: echo}, 0, 0, 0), nil
	})
	for _, want := range []string{"attempt 1", "attempt 2"} {
		_, err := f.ready(t.Context(), nil)
		assert.EqualError(t, err, want)
	}
	_, err := f.ready(t.Context(), nil)
	assert.NoError(t, err)
}

func TestCloseEndsAPreparation(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	f := folderFunction(func(ctx context.Context) (*host.Function, error) {
		close(begun)
		<-ctx.Done()
		return nil, errors.New("broken off")
	})
	failed := make(chan error, 1)
	go func() { _, err := f.ready(context.Background(), nil); failed <- err }()
	<-begun
	f.close()
	assert.EqualError(t, <-failed, "broken off")
	f.close()
}

func TestTheHandlerOfANodeFunction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ entry, handler, want string }{
		{"index.js", "", "index.main"}, {"index.js", "index.handle", "index.handle"}, {"lib/app.js", "", "lib/app.main"}, {"app.mjs", "main", "app.main"},
	} {
		assert.Equal(t, c.want, nodeHandler(config.FunctionDir{Entry: c.entry, Handler: c.handler}))
	}
}
