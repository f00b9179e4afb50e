package emulator

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAReloadOfAWebServerLosesNoRequest(t *testing.T) {
	t.Parallel()
	script := func(version int) string { return fmt.Sprintf("#!/bin/sh\nVERSION=%d exec ./main\n", version) }
	dir := webProject(t, map[string]string{"web/scf_bootstrap": script(0)})
	file := filepath.Join(dir, "web", "scf_bootstrap")
	require.NoError(t, os.Chmod(file, 0o755))
	e := newEmulator(t, Config{Dir: dir})
	version := func() string { s := look(t, e, http.MethodGet, "/fn/web/x", ""); return s.variable("VERSION") }
	require.Equal(t, "0", version())

	base, err := e.Listen()
	require.NoError(t, err)
	stream, err := http.Get(base + "/fn/web/events")
	require.NoError(t, err)
	defer stream.Body.Close()
	_, err = bufio.NewReader(stream.Body).ReadString('\n')
	require.NoError(t, err)

	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 3 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := http.Post(base+"/fn/web/x", "text/plain", nil)
				if !assert.NoError(t, err) {
					return
				}
				assert.Equal(t, http.StatusOK, resp.StatusCode)
				resp.Body.Close()
			}
		})
	}
	for n := 1; n <= 5; n++ {
		require.NoError(t, os.WriteFile(file+".new", []byte(script(n)), 0o755))
		require.NoError(t, os.Rename(file+".new", file))
		e.reloadFunctions([]string{file})
		assert.Equal(t, fmt.Sprint(n), version())
	}
	close(stop)
	load.Wait()

	// The stream goes on in the first version, and ends it.
	running := func() (n int) {
		for _, r := range e.journal.All() {
			if v := r.View(); v.Running && v.HTTP != nil && v.HTTP.Path == "/events" {
				n++
			}
		}
		return n
	}
	assert.Equal(t, 1, running())
	stream.Body.Close()
	require.Eventually(t, func() bool { return running() == 0 }, 10*time.Second, time.Millisecond)
	e.replaced.Wait()
}
