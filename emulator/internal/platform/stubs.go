package platform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// The bounds of what a call tells of the stubs that did not answer it.
const (
	maxNearMisses = 5
	maxNearMiss   = 500 // bytes of each
)

// Stubs are the answers that stand in place of APIs'. Of those that match a call, the first one answers: those that were
// added come before those of the project's file. The zero value has none.
type Stubs struct {
	// fixtures are what the same file, and the same tests, set of features.
	fixtures []apicall.Fixture

	mu    sync.Mutex
	added layer
	file  layer
}

// layer is stubs of one origin.
type layer struct {
	stubs []*stub
	index config.StubIndex // of stubs
}

// stub is a stub, and what has become of it.
type stub struct {
	config.Stub
	from     string // the file, or what else it came from
	draws    sync.Mutex
	random   *rand.Rand // under draws
	seen     int        // calls that matched
	answered int
}

// StubState is a stub, and how many calls it has answered.
type StubState struct {
	config.Stub
	From     string `json:"from"`
	Answered int    `json:"answered"`
}

// add adds stubs behind those that the layer has.
func (l *layer) add(s *config.Stubs, from string) {
	for _, one := range s.Stubs {
		seed := cmp.Or(one.Delay.Seed, 1)
		added := &stub{Stub: one, from: from, random: rand.New(rand.NewPCG(seed, seed))}
		l.stubs = append(l.stubs, added)
		l.index.Add(&added.Stub)
	}
}

// SetFile puts the stubs of the project's file in the place of those that it had before; nil takes them away.
func (s *Stubs) SetFile(stubs *config.Stubs, file string) {
	if stubs == nil {
		stubs = &config.Stubs{}
	}
	var l layer
	l.add(stubs, file)
	for _, f := range s.fixtures {
		f.SetFile(stubs)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file = l
}

// Add adds stubs behind those that were added before.
func (s *Stubs) Add(stubs *config.Stubs, from string) {
	for _, f := range s.fixtures {
		f.Add(stubs)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added.add(stubs, from)
}

// Remove takes away what was added.
func (s *Stubs) Remove() {
	for _, f := range s.fixtures {
		f.Remove()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added = layer{}
}

// List returns all stubs in the order in which they are tried.
func (s *Stubs) List() []StubState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []StubState{}
	for _, l := range s.layers() {
		for _, one := range l.stubs {
			states = append(states, StubState{one.Stub, one.from, one.answered})
		}
	}
	return states
}

// layers returns the layers in the order in which they are tried.
func (s *Stubs) layers() []*layer { return []*layer{&s.added, &s.file} }

// name tells whether a stub is for just this API, which may be newer than the catalogue.
func (s *Stubs) name(api string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.added.index.Names(api) || s.file.index.Names(api)
}

// match returns the stub that answers a call, nil if none does; near are those that almost did, and why they did not.
func (s *Stubs) match(session *Session, c *apicall.Call) (hit *stub, near []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.added.stubs)+len(s.file.stubs) == 0 {
		return nil, nil
	}
	params := c.Object()
	for _, l := range s.layers() {
		for _, i := range l.index.Candidates(c.Name, session.Function, session.Caller.OpenID, params) {
			one := l.stubs[i]
			if why, ofAPI := one.Misses(c.Name, session.Function, session.Caller.OpenID, params); !ofAPI || len(why) > 0 {
				continue
			}
			one.seen++
			if one.spent() == "" {
				one.answered++
				return one, nil
			}
		}
	}
	for _, l := range s.layers() {
		for _, i := range l.index.OfAPI(c.Name, maxNearMisses-len(near)) {
			one := l.stubs[i]
			why, _ := one.Misses(c.Name, session.Function, session.Caller.OpenID, params)
			near = append(near, journal.Cut(one.label()+": "+cmp.Or(strings.Join(why, "; "), one.spent()), maxNearMiss))
		}
	}
	return nil, near
}

// spent tells why a stub does not answer the call that it has just seen, "" if it does.
func (s *stub) spent() string {
	switch {
	case s.seen <= s.After:
		return fmt.Sprintf("after is %d, and this is call number %d", s.After, s.seen)
	case s.Times > 0 && s.answered >= s.Times:
		return fmt.Sprintf("times is %d, and it has answered so many", s.Times)
	}
	return ""
}

// label names a stub for people.
func (s *stub) label() string {
	name := s.Name
	if name == "" {
		name = s.API
	}
	if s.Line > 0 {
		return fmt.Sprintf("%q (%s:%d)", name, s.from, s.Line)
	}
	return fmt.Sprintf("%q (%s)", name, s.from)
}

// wait waits for as long as a stub delays its answer. It tells whether somebody still waits for that.
func (s *stub) wait(ctx context.Context) bool {
	delay := s.Delay.Min
	if width := s.Delay.Max - s.Delay.Min; width > 0 {
		s.draws.Lock()
		delay += time.Duration(s.random.Int64N(int64(width) + 1))
		s.draws.Unlock()
	}
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// platformAnswers tells whether a stub only delays.
func (s *stub) platformAnswers() bool {
	return s.Result == nil && s.File == "" && s.ErrCode == 0 && s.SystemError == 0 && s.Fault == ""
}

// answer is a stub's answer in place of an API's.
func (s *stub) answer(c *apicall.Call) (*apicall.Result, error) {
	switch {
	case s.ErrCode != 0:
		return nil, apicall.Error{Code: s.ErrCode, Message: cmp.Or(s.ErrMsg, messageOf(c, s.ErrCode))}.Because("a stub's answer")
	case s.File != "":
		return s.fileAnswer()
	}
	text, err := json.Marshal(s.Result)
	if err != nil {
		return nil, fmt.Errorf("the result of stub %s: %w", s.label(), err)
	}
	if fields, ok := bytes.CutPrefix(text, []byte("{")); ok && !gjson.GetBytes(text, "errcode").Exists() {
		begin := `{"errcode":0`
		if !gjson.GetBytes(text, "errmsg").Exists() {
			begin += `,"errmsg":"ok"`
		}
		if string(fields) != "}" {
			begin += ","
		}
		text = append([]byte(begin), fields...)
	}
	return &apicall.Result{ContentType: apicall.JSONType, Body: text}, nil
}

// messageOf returns the errmsg of a code: as the API's page has it in English, else as it is known of others.
func messageOf(c *apicall.Call, code int) string {
	if c.API != nil {
		if e := c.API.Refusal(catalog.Field{Code: code}); e.Code == code && e.Message != "" {
			return e.Message
		}
	}
	return cmp.Or(serverErrors[code], catalog.Text(code), wxcloud.Text(code), "error")
}

func (s *stub) fileAnswer() (*apicall.Result, error) {
	data, err := os.ReadFile(s.File)
	if err != nil {
		return nil, fmt.Errorf("the file of stub %s: %w", s.label(), err)
	}
	contentType := cmp.Or(s.ContentType, mime.TypeByExtension(filepath.Ext(s.File)), http.DetectContentType(data))
	return &apicall.Result{ContentType: contentType, Body: data}, nil
}

// fail makes an answer that does not arrive, or not whole.
func (p *Platform) fail(ctx context.Context, s *stub, c *apicall.Call) (*outcome, error) {
	half := &outcome{result: &apicall.Result{ContentType: apicall.JSONType, Body: []byte(`{"errcode":0,"errm`)}}
	switch s.Fault {
	case config.FaultTimeout:
		c.Log.ErrCode, c.Log.ErrMsg = connectionFailed, "no answer"
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-p.Done:
			return nil, errors.New("the emulator is closing")
		}
	case config.FaultCut:
		c.Log.ErrCode, c.Log.ErrMsg = connectionFailed, "the connection was cut"
		half.cut = true
	default:
		c.Log.ErrCode, c.Log.ErrMsg = malformedAnswer, "the answer is malformed"
	}
	return half, nil
}
