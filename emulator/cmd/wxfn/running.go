package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/statedir"
)

// running is an emulator that runs, as a dev leaves it for other commands in dev.json.
type running struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
	// AppID and AppSecret are the emulated app's, which gets access tokens with them.
	AppID     string `json:"appid"`
	AppSecret string `json:"appsecret"`
}

// announcement is the dev.json of this emulator, in the state folders where other commands look for it.
type announcement struct {
	text   []byte
	dirs   []string
	before map[string][]byte // what stood in the files
}

// announce writes dev.json into state folders. The error is about the first folder that failed; the announcement is to be
// withdrawn after an error, too.
func announce(r running, dirs ...string) (*announcement, error) {
	text, err := json.Marshal(r)
	a := &announcement{text, dirs, map[string][]byte{}}
	for _, dir := range dirs {
		err = cmp.Or(err, a.write(dir))
	}
	return a, err
}

// write writes the dev.json of one folder.
func (a *announcement) write(dir string) error {
	if err := statedir.Open(dir); err != nil {
		return err
	}
	file := filepath.Join(dir, statedir.RunningFile)
	if there, _ := statedir.ReadPrivate(file); !slices.Equal(there, a.text) { // two of the folders may be one
		a.before[file] = there
	}
	if err := statedir.WritePrivate(file, a.text); err != nil {
		return err
	}
	_, err := statedir.ReadPrivate(file) // which refuses a folder that others can write
	return err
}

// repairEvery is how often a dev looks after its dev.json.
const repairEvery = time.Second

// keep writes dev.json again where it was removed or spoilt, until ctx ends. That of another emulator stays while it runs.
func (a *announcement) keep(ctx context.Context) {
	tick := time.NewTicker(repairEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for _, dir := range a.dirs {
			have, err := statedir.ReadPrivate(filepath.Join(dir, statedir.RunningFile))
			if err == nil && (slices.Equal(have, a.text) || stillRuns(ctx, have)) {
				continue
			}
			if _, err := os.Stat(filepath.Dir(dir)); err == nil { // a project that was removed is not to come back
				_ = a.write(dir) // what is wrong with the folder has been said
			}
		}
	}
}

// withdraw removes what announce and keep have written, and puts back what stood there of an emulator that still runs.
func (a *announcement) withdraw() {
	for _, dir := range a.dirs {
		file := filepath.Join(dir, statedir.RunningFile)
		if have, err := statedir.ReadPrivate(file); err == nil && slices.Equal(have, a.text) { // else it is another dev's by now
			_ = os.Remove(file)
			if stillRuns(context.Background(), a.before[file]) {
				_ = statedir.WritePrivate(file, a.before[file])
			}
		}
		statedir.Tidy(dir)
	}
}

// stillRuns reports whether the emulator that a dev.json announces still runs.
func stillRuns(ctx context.Context, text []byte) bool {
	var r running
	if json.Unmarshal(text, &r) != nil {
		return false
	}
	_, err := r.functions(ctx)
	return err == nil
}

// findRunning returns the emulator that a dev serves dir with: just that folder, the project that it is in, or a folder
// around it with functions in dir. ok is false where there is none. The error is about a dev.json that somebody else may
// have written; one in a folder of another user, around dir, is passed over.
func findRunning(ctx context.Context, dir, project string) (r running, ok bool, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return running{}, false, nil
	}
	if project, err = filepath.Abs(project); err != nil {
		return running{}, false, nil
	}
	if rel, err := filepath.Rel(dir, project); err == nil && filepath.IsLocal(rel) { // it may be below
		dir = project
	}
	for around := dir; ; around = filepath.Dir(around) {
		r, functions, ok, err := runningIn(ctx, filepath.Join(around, statedir.DefaultName))
		if unsafe, is := errors.AsType[*statedir.UnsafeError](err); is && (around == dir || around == project || !unsafe.Foreign) {
			return running{}, false, err
		}
		inDir := func(f api.Function) bool {
			rel, err := filepath.Rel(dir, f.Dir)
			return err == nil && filepath.IsLocal(rel)
		}
		if ok && (around == dir || around == project || slices.ContainsFunc(functions, inDir)) {
			return r, true, nil
		}
		if around == filepath.Dir(around) {
			return running{}, false, nil
		}
	}
}

// runningIn returns the emulator that a dev has announced in this state folder, and its functions. One that was killed has
// left its dev.json, and does not answer. The error is about a dev.json that cannot be used.
func runningIn(ctx context.Context, state string) (r running, functions []api.Function, ok bool, err error) {
	text, err := statedir.ReadPrivate(filepath.Join(state, statedir.RunningFile))
	if err != nil {
		return running{}, nil, false, err
	}
	if json.Unmarshal(text, &r) != nil {
		return running{}, nil, false, nil
	}
	functions, err = r.functions(ctx)
	return r, functions, err == nil, nil
}

// control returns a client of the emulator's control API.
func (r running) control() api.Client { return api.Client{URL: r.URL, Token: r.Token} }

// answerTimeout is how long an emulator may take to answer what is asked besides the user's command.
const answerTimeout = 5 * time.Second

// functions returns what the emulator serves.
func (r running) functions(ctx context.Context) ([]api.Function, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return r.control().Functions(ctx)
}
