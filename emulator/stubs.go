package emulator

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
	"github.com/wxcloud-go/wxfn/emulator/internal/stubcheck"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// Stub answers some of the calls of an API in place of the platform: with a result, an error, late, or not at all. It is
// what an entry of wxfn.stubs.json is.
type Stub = config.Stub

// StubState is a stub, where it comes from, and how many calls it has answered.
type StubState = platform.StubState

// Delay passes before a stub's answer.
type Delay = config.Delay

// Fault is what can happen to an answer on its way.
type Fault = config.Fault

// The faults that a stub can make.
const (
	FaultTimeout   = config.FaultTimeout   // no answer until the caller gives up
	FaultCut       = config.FaultCut       // the connection ends in the middle of the answer
	FaultMalformed = config.FaultMalformed // the answer cannot be parsed
)

// Stub adds stubs. They are tried in the order in which they were added, before those of the project's wxfn.stubs.json;
// the first that matches a call answers it. The error is about a stub that can never work; none is added then.
func (e *Emulator) Stub(stubs ...Stub) error {
	file, line := stubPlace()
	stubs = slices.Clone(stubs) // the caller's stay as they are
	warnings, err := stubcheck.Check(stubs...)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		e.log.Warn(fmt.Sprintf("%s:%d: %s", file, line, w))
	}
	for i := range stubs {
		if stubs[i].File != "" {
			path, err := filepath.Abs(stubs[i].File)
			if err != nil {
				return fmt.Errorf("the file of stub %q: %w", stubs[i].Name, err)
			}
			stubs[i].File = path
		}
		stubs[i].Line = line
	}
	e.platform.Stubs.Add(&config.Stubs{Stubs: stubs}, file)
	return nil
}

// stubPlace returns where the test is that calls [Emulator.Stub], by itself or through package emulatortest.
func stubPlace() (file string, line int) {
	callers := make([]uintptr, 8)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for more := true; more; {
		var frame runtime.Frame
		if frame, more = frames.Next(); frame.File != "" && !strings.HasPrefix(frame.Function, "github.com/wxcloud-go/wxfn/emulator/emulatortest.") {
			return filepath.Base(frame.File), frame.Line
		}
	}
	return "Go", 0
}

// RemoveStubs takes away all that [Emulator.Stub], [Emulator.RiskyTexts], [Emulator.PhoneNumber], [Emulator.Subscribe] and the
// control API have added.
func (e *Emulator) RemoveStubs() { e.platform.Stubs.Remove() }

// Stubs returns all stubs in the order in which they are tried, those of the project's file with them.
func (e *Emulator) Stubs() []StubState { return e.platform.Stubs.List() }

// unknownAPI returns what is wrong with a name of an API that a test gives, and "" where nothing is. A name that no known one
// resembles, or that a stub has, may be that of an API which is newer than this package.
func (e *Emulator) unknownAPI(name string) string {
	if catalog.Known(name) || slices.ContainsFunc(e.Stubs(), func(s StubState) bool { return s.API == name }) {
		return ""
	}
	var near []string
	for _, n := range catalog.Nearest(name, 3) {
		near = append(near, strconv.Quote(n))
	}
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf("there is no API %q; did you mean %s?", name, strings.Join(near, " or "))
}

// UnusedStubs returns the stubs that have answered no call, those of the project's file with them.
func (e *Emulator) UnusedStubs() []Stub {
	var unused []Stub
	for _, s := range e.Stubs() {
		if s.Answered == 0 {
			unused = append(unused, s.Stub)
		}
	}
	return unused
}

// setStubsFile puts the stubs of the project's file in the place of those that it had before.
func (e *Emulator) setStubsFile() {
	project := e.project.Load()
	e.platform.Stubs.SetFile(project.Stubs, e.nameOf(project.StubsFile))
}

// stubDir is what the files of stubs from elsewhere are relative to: the folder of the project's stub file. Without a
// project there is none.
func (e *Emulator) stubDir() string {
	if file := e.project.Load().StubsFile; file != "" {
		return filepath.Dir(file)
	}
	return ""
}

// RiskyTexts makes security.msgSecCheck find a text risky that contains one of these, whatever their case. Every other
// text passes.
func (e *Emulator) RiskyTexts(texts ...string) {
	e.platform.Stubs.Add(&config.Stubs{RiskyTexts: texts}, "Go")
}

// Subscribe has a user consent to so many further messages of a template (wx.requestSubscribeMessage), to any number if
// messages is negative (长期订阅). After the first call, even one with 0, subscribeMessage.send fails with 43101 for whoever
// has not consented; before it, every message arrives. [Emulator.RemoveStubs] takes all of it away.
//
// See https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage.html.
func (e *Emulator) Subscribe(openid, templateID string, messages int) {
	e.platform.Stubs.Add(&config.Stubs{Subscriptions: map[string]map[string]int{openid: {templateID: messages}}}, "Go")
}

// PhoneCode returns a new code of a user's phone number, as the Mini Program's button of open-type getPhoneNumber gives it to
// a page. phonenumber.getPhoneNumber takes it once, within 5 minutes by [Emulator.Clock], and answers 40029 after that. It
// takes any other code, too, once, for the user who calls.
//
// See https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html.
func (e *Emulator) PhoneCode(openid string) string { return e.platform.PhoneCode(openid) }

// PhoneNumber gives a user the number that phonenumber.getPhoneNumber answers: digits, of mainland China ("13800138000"), or
// with a country code ("+852-51234567"). Users without one have a number of their own that never changes.
func (e *Emulator) PhoneNumber(openid, number string) error {
	numbers := config.Stubs{PhoneNumbers: map[string]string{openid: number}}
	text, err := json.Marshal(numbers)
	if err != nil {
		return err
	}
	_, findings := config.ParseStubs("", text, "")
	for _, f := range findings {
		if f.Severity == config.Error {
			return fmt.Errorf("emulator: %s; %s", f.Message, f.Advice)
		}
	}
	e.platform.Stubs.Add(&numbers, "Go")
	return nil
}

// Message is one that a function sent to a user: a subscription message (订阅消息) or a customer service message (客服消息).
type Message = platform.Message

// Outbox returns the messages that a user was sent, oldest first; all users' if openid is empty. The last 1000 are kept.
func (e *Emulator) Outbox(openid string) []Message { return e.platform.Outbox(openid) }
