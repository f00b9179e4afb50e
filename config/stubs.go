package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Stubs are what an emulator answers in place of the platform. A project keeps them in wxfn.stubs.json, beside its
// project.config.json; comments and trailing commas are welcome there.
type Stubs struct {
	Stubs        []Stub            `json:"stubs,omitempty"`        // of those that match a call, the first answers
	RiskyTexts   []string          `json:"riskyTexts,omitempty"`   // security.msgSecCheck finds a text risky that contains one of them, ignoring case
	PhoneNumbers map[string]string `json:"phoneNumbers,omitempty"` // by openid: what phonenumber.getPhoneNumber answers; digits, abroad after +852- or the like

	// Subscriptions are how many messages users have consented to, by openid and template; -1 for a long-term subscription.
	// Unless it is nil, subscribeMessage.send of any other fails with 43101.
	Subscriptions map[string]map[string]int `json:"subscriptions,omitzero"`
}

// A Stub is the answer to some of the calls of an API. In its JSON, what is zero or empty is left out.
type Stub struct {
	Name string `json:"name,omitempty"` // for people: in the journal and in messages

	// Which calls: all that is given must hold. In API, Function and OpenID, * stands for any run of characters.
	API      string         `json:"api,omitempty"`      // such as wxacode.createQRCode; required
	Function string         `json:"function,omitempty"` // name of the calling function; any if empty
	OpenID   string         `json:"openid,omitempty"`   // of the user for whom it runs; any if empty
	Params   map[string]any `json:"params,omitempty"`   // conditions on the call's parameters, see [Stub.Misses]
	After    int            `json:"after,omitempty"`    // lets so many matching calls pass before it answers
	Times    int            `json:"times,omitempty"`    // answers so many calls; all if 0

	// The answer: at most one of these. Without any the platform answers, after Delay.
	Result      any    `json:"result,omitempty"`      // a JSON object: the API's answer, names as on the wire; a json.RawMessage where it was loaded
	File        string `json:"file,omitempty"`        // an answer of bytes, at most 10 MiB; relative to the stub file's folder there, absolute once loaded
	ContentType string `json:"contentType,omitempty"` // of File; by its name or content if empty
	ErrCode     int    `json:"errcode,omitempty"`     // of the API, such as 45029
	ErrMsg      string `json:"errmsg,omitempty"`      // with ErrCode; the platform's text for it if empty
	SystemError int    `json:"systemError,omitempty"` // an error of the platform itself, such as -604102
	Fault       Fault  `json:"fault,omitempty"`       // an answer that does not arrive, or not whole

	Delay        Delay `json:"delay,omitzero"` // passes before the answer
	Line, Column int   `json:"-"`              // where the stub stands in its file, as in [Finding]; 0 elsewhere
}

// A Fault is what can happen to an answer on its way.
type Fault string

const (
	FaultTimeout   Fault = "timeout"   // there is none until the caller gives up
	FaultCut       Fault = "cut"       // the connection ends in the middle of it
	FaultMalformed Fault = "malformed" // it cannot be parsed
)

var faults = []Fault{FaultTimeout, FaultCut, FaultMalformed}

// A Delay passes before an answer, at most 10 minutes. Its JSON is a duration such as "200ms", or an object of min, max
// and seed.
type Delay struct {
	Min  time.Duration // all of it, where Max is 0
	Max  time.Duration // each delay is drawn from Min to Max
	Seed uint64        // makes the same draws again
}

// delayJSON is the long form of a Delay.
type delayJSON struct {
	Min  string `json:"min"`
	Max  string `json:"max,omitempty"`
	Seed uint64 `json:"seed,omitempty"`
}

func (d Delay) MarshalJSON() ([]byte, error) {
	switch {
	case d.Max != 0:
		return json.Marshal(delayJSON{d.Min.String(), d.Max.String(), d.Seed})
	case d.Seed != 0:
		return json.Marshal(delayJSON{Min: d.Min.String(), Seed: d.Seed})
	}
	return json.Marshal(d.Min.String())
}

// UnmarshalJSON follows the rules of the stub file, and returns the first fault.
func (d *Delay) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil // as encoding/json does everywhere
	}
	r := &report{}
	root := r.parse("", text)
	root.name = "delay"
	delay := root.delay()
	if err := r.err(""); err != nil {
		return err
	}
	*d = delay
	return nil
}

const (
	stubsFile    = "wxfn.stubs.json"
	maxStubsFile = 10 << 20 // bytes, as many as the control API reads
	maxStubFile  = 10 << 20 // bytes of an answer
	maxDelay     = 10 * time.Minute
	maxExact     = 1 << 53 // up to it, a float64 has every whole number
	maxShown     = 60      // characters of a value in a message
	maxMatchWork = 10000   // as gjson allows for patterns, so that none takes for ever
)

// systemErrors are the platform's own, as it has them for calls of APIs.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/openapi/openapi.html.
var systemErrors = []int{-604100, -604101, -604102, -604103, -604104, -601001, -601002}

// ParseStubs reads stubs from a text that is no file of a project: an object as in wxfn.stubs.json, a single stub, or
// an array of stubs. Findings call the text by name. Paths of files in it are relative to dir; where dir is empty, they
// must be absolute. A stub with an error is left out, and the Stubs are never nil.
func ParseStubs(name string, text []byte, dir string) (*Stubs, []Finding) {
	r := &report{}
	if dir != "" {
		dir, _ = filepath.Abs(dir) // "" in a working folder that is gone: then only absolute paths are left
	}
	root := r.parse(name, text)
	s := &Stubs{}
	switch {
	case !root.exists():
	case root.json.Value.Kind() == '[':
		root.name = "stubs"
		s.Stubs = r.stubList(root, dir)
	case root.isStub():
		root.name = "the stub"
		if stub, ok := r.stub(root, dir); ok {
			s.Stubs = []Stub{stub}
		}
	default:
		s = cmp.Or(r.stubs(root, dir), s)
	}
	return s, r.sorted()
}

// isStub tells a single stub from the object of a file.
func (v value) isStub() bool {
	if v.json.Value.Kind() != '{' {
		return false
	}
	for _, key := range stubsMembers {
		if v.member(key).exists() {
			return false
		}
	}
	return v.member("api").exists()
}

// Check applies the rules of the stub file to a stub made in Go, and returns the first fault. Its File is relative to
// the working folder of the process.
func (s *Stub) Check() error {
	label := ""
	if name := cmp.Or(s.Name, s.API); name != "" {
		label = fmt.Sprintf("stub %q", name)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("config: %s cannot be written as JSON: %w; use values that can", cmp.Or(label, "the stub"), err)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		return fmt.Errorf("config: %w; go to a folder that exists", err)
	}
	r := &report{}
	root := r.parse("", text)
	root.name = "the stub"
	r.stub(root, dir)
	return r.err(label)
}

// err returns the first error among the findings as a Go error about a thing, for text that no file has.
func (r *report) err(label string) error {
	if label != "" {
		label += ": "
	}
	for _, f := range r.sorted() {
		if f.Severity == Error {
			return fmt.Errorf("config: %s%s; %s", label, f.Message, f.Advice)
		}
	}
	return nil
}

// stubsMembers are the members of a stub file.
var stubsMembers = []string{"stubs", "riskyTexts", "phoneNumbers", "subscriptions"}

// stubs reads the object of a stub file, and returns nil where there is none.
func (r *report) stubs(root value, dir string) *Stubs {
	if !root.is('{') {
		return nil
	}
	root.lintMembers(append([]string{"$schema"}, stubsMembers...))
	s := &Stubs{Stubs: r.stubList(root.member("stubs"), dir)}
	for _, v := range root.member("riskyTexts").elements() {
		if text, ok := v.string(); ok {
			s.RiskyTexts = append(s.RiskyTexts, text)
		}
	}
	for _, m := range root.member("phoneNumbers").members() {
		number, ok := m.matching(phoneNumber, codePhoneNumber, `write digits, such as "13800138000", or "+852-51234567"`)
		if !ok {
			continue
		}
		if s.PhoneNumbers == nil {
			s.PhoneNumbers = make(map[string]string)
		}
		s.PhoneNumbers[m.key] = number
	}
	s.Subscriptions = root.member("subscriptions").subscriptions()
	return s
}

// subscriptions reads how many messages users have consented to, by openid and template.
func (v value) subscriptions() map[string]map[string]int {
	if !v.exists() || !v.is('{') {
		return nil
	}
	consents := make(map[string]map[string]int)
	for _, user := range v.members() {
		consents[user.key] = make(map[string]int)
		for _, template := range user.members() {
			consents[user.key][template.key] = template.integer(-1, codeStubCount, "write how many messages, or -1 for a long-term subscription")
		}
	}
	return consents
}

// phoneNumber has a country code with a mark behind it, so that it can be told where that ends; none is mainland China's.
var phoneNumber = regexp.MustCompile(`^(\+86|\+[0-9]{1,3}[ -])?[0-9]+$`)

// stubList reads an array of stubs, and reports those that can never answer.
func (r *report) stubList(list value, dir string) []Stub {
	var c coverage
	var names []string
	for _, v := range list.elements() {
		s, ok := r.stub(v, dir)
		if !ok {
			continue
		}
		names = append(names, v.name)
		if i := c.add(s); i >= 0 {
			v.report(codeStubNeverAnswers, fmt.Sprintf("%s never answers: %s (line %d) takes every call that it could", v.name, names[i], c.stubs[i].Line), "move it up, or narrow the other with params, function, openid or times")
		}
	}
	return c.stubs
}

// stubMembers are the members of a stub, each with what reads it.
var stubMembers = []struct {
	key    string
	answer bool   // it is one of the answers, of which there is one at most
	with   string // the member that it says more about
	read   func(s *Stub, v value, dir string)
}{
	{"name", false, "", func(s *Stub, v value, _ string) { s.Name = v.text() }},
	{"api", false, "", func(s *Stub, v value, _ string) { s.API = v.api() }},
	{"function", false, "", func(s *Stub, v value, _ string) { s.Function = v.text() }},
	{"openid", false, "", func(s *Stub, v value, _ string) { s.OpenID = v.text() }},
	{"params", false, "", func(s *Stub, v value, _ string) { s.Params = v.conditions() }},
	{"after", false, "", func(s *Stub, v value, _ string) { s.After = v.count() }},
	{"times", false, "", func(s *Stub, v value, _ string) { s.Times = v.count() }},
	{"result", true, "", func(s *Stub, v value, _ string) { s.Result = v.object() }},
	{"file", true, "", func(s *Stub, v value, dir string) { s.File = v.answerFile(dir) }},
	{"contentType", false, "file", func(s *Stub, v value, _ string) { s.ContentType = v.text() }},
	{"errcode", true, "", func(s *Stub, v value, _ string) { s.ErrCode = v.errCode() }},
	{"errmsg", false, "errcode", func(s *Stub, v value, _ string) { s.ErrMsg = v.text() }},
	{"systemError", true, "", func(s *Stub, v value, _ string) { s.SystemError = v.systemError() }},
	{"fault", true, "", func(s *Stub, v value, _ string) { s.Fault = v.fault() }},
	{"delay", false, "", func(s *Stub, v value, _ string) { s.Delay = v.delay() }},
}

var stubKeys = sync.OnceValue(func() (keys []string) {
	for _, m := range stubMembers {
		keys = append(keys, m.key)
	}
	return keys
})

// stub reads a stub. ok is false where it has an error.
func (r *report) stub(v value, dir string) (s Stub, ok bool) {
	before := len(r.findings)
	v.required("api", `"api": "wxacode.createQRCode"`)
	members := map[string]value{}
	for _, m := range v.members() {
		members[m.key] = m // the last one counts
	}
	var answer value
	for _, m := range stubMembers {
		at := members[m.key]
		if !at.exists() {
			continue
		}
		m.read(&s, at, dir)
		if m.with != "" && !members[m.with].exists() {
			at.doc.at(at.keyAt, codeStubAnswerPart, fmt.Sprintf("%s has %s and no %s", v.name, m.key, m.with), "add "+m.with+", or remove it")
		}
		if m.answer && answer.exists() {
			at.doc.at(at.keyAt, codeStubAnswers, fmt.Sprintf("%s has %s and %s, and can have one answer", v.name, answer.key, m.key), "remove one of them")
		}
		if m.answer {
			answer = at
		}
	}
	if v.json.Value.Kind() == '{' {
		v.lintMembers(stubKeys())
		members["params"].lintParameters(s.API)
	}
	s.Line, s.Column = v.place()
	return s, !slices.ContainsFunc(r.findings[before:], func(f Finding) bool { return f.Severity == Error })
}

// lintMembers reports the members of an object that none of our files has.
func (v value) lintMembers(known []string) {
	for _, m := range v.members() {
		if !slices.Contains(known, m.key) {
			m.doc.at(m.keyAt, codeUnknownKey, m.name+" is not known, and is ignored", alternatives(m.key, known, "remove it"))
		}
	}
}

// alternatives returns the advice for a name that is not among the known ones.
func alternatives(name string, known []string, otherwise string) string {
	least, near := 3, []string(nil)
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d < least {
			least, near = d, nil
		}
		if d == least && d < 3 {
			near = append(near, strconv.Quote(k))
		}
	}
	if len(near) == 0 {
		return otherwise
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// api reads the name of an API, or a pattern for such names. An unknown one is used: it may be newer than the catalogue.
func (v value) api() string {
	name, ok := v.string()
	switch {
	case !ok:
	case name == "":
		v.report(codeMissingKey, v.name+" is empty", `write "wxacode.createQRCode", or "*" for every API`)
	case strings.Contains(name, "*"):
		if !slices.ContainsFunc(apiNames(), func(api string) bool { return wildcard(name, api) }) {
			v.report(codeUnknownAPI, fmt.Sprintf("there is no API that matches %q", name), v.doc.report.suggest(strings.ReplaceAll(name, "*", "")))
		}
	default:
		if advice := v.doc.report.suggest(name); advice != "" {
			v.report(codeUnknownAPI, fmt.Sprintf("there is no API %q", name), advice)
		}
	}
	return name
}

// maxSuggested bounds for how many names of a file a near one is looked for, which takes a while.
const maxSuggested = 200

// suggest returns the advice for a name or a part of one that is not known, and "" for one that is.
func (r *report) suggest(name string) string {
	advice, ok := r.suggested[name]
	switch {
	case ok:
		return advice
	case len(r.suggested) >= maxSuggested:
		if _, ok := catalog.Lookup(name); ok {
			return ""
		}
		return "write a name from the API reference"
	case !catalog.Known(name):
		advice = suggest(name)
	}
	if r.suggested == nil {
		r.suggested = map[string]string{}
	}
	r.suggested[name] = advice
	return advice
}

var apiNames = sync.OnceValue(func() []string {
	names := catalog.Older()
	for _, api := range catalog.All() {
		names = append(names, api.Name)
	}
	return names
})

// conditions reads the params of a stub. Numbers in it are json.Number, so that none is rounded.
func (v value) conditions() map[string]any {
	if !v.is('{') {
		return nil
	}
	conditions := make(map[string]any)
	for _, m := range v.members() {
		if fault := pathFault(m.key); fault != "" {
			m.doc.at(m.keyAt, codeStubPath, fmt.Sprintf("%s is no path to a parameter: %s", m.name, fault), `write a gjson path, such as "line_color.r"`)
		}
		if m.hasOperator() {
			m.lintOperators()
		}
		conditions[m.key], _ = plainJSON(m.compact()) // it has been parsed before
	}
	return conditions
}

// hasOperator tells a condition with operators from a value.
func (v value) hasOperator() bool {
	return v.json.Value.Kind() == '{' && slices.ContainsFunc(v.members(), func(m value) bool { return strings.HasPrefix(m.key, "$") })
}

func (v value) lintOperators() {
	for _, m := range v.members() {
		if op, ok := operators[m.key]; ok {
			m.is(op.operand)
			continue
		}
		m.doc.at(m.keyAt, codeStubOperator, fmt.Sprintf("%s is no condition", m.name), alternatives(m.key, []string{"$like", "$exists"}, fmt.Sprintf("write %s or %s, or a value", operators["$like"].example, operators["$exists"].example)))
	}
}

// pathFault says what is wrong with a gjson path, and "" of a good one. gjson itself takes any text, and finds nothing.
func pathFault(path string) string {
	if path == "" {
		return "it is empty"
	}
	var open []byte // the brackets that are to be closed
	quoted, start := false, true
	for i := 0; i < len(path); i++ {
		c := path[i]
		begins := start
		start = false
		switch {
		case c == '\\':
			if i++; i == len(path) {
				return `it ends in a \`
			}
		case quoted || c == '"' && len(open) > 0:
			quoted = quoted != (c == '"')
		case len(open) > 0 && c == open[len(open)-1]:
			open = open[:len(open)-1]
		case (len(open) > 0 || begins || path[i-1] == '#' || path[i-1] == ':') && closing[c] != 0:
			open = append(open, closing[c])
		case len(open) == 0 && (c == '.' || c == '|'):
			if begins || i == len(path)-1 {
				return "a name is missing beside a " + string(c)
			}
			start = true
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("it lacks a %c", open[len(open)-1])
	}
	return ""
}

var closing = map[byte]byte{'(': ')', '[': ']', '{': '}'}

// plainName is a name at the start of a path in which nothing has a meaning of its own, and what may follow it.
var plainName = regexp.MustCompile(`^([A-Za-z0-9_-]+)(?:[.|]|$)`)

// lintParameters reports conditions on what is no parameter of an API. The official SDK's camelCase names are allowed,
// and so is everything where the parameters are not known.
func (v value) lintParameters(name string) {
	api, ok := catalog.Lookup(name)
	if !ok || !v.exists() || v.json.Value.Kind() != '{' {
		return
	}
	var known []string
	for _, f := range slices.Concat(api.Query, api.Request) {
		known = append(known, f.Name)
	}
	for _, m := range v.members() {
		first := plainName.FindStringSubmatch(m.key)
		same := func(k string) bool { return first[1] == k || first[1] == tcb.CamelCase(k) }
		if first != nil && len(known) > 0 && !slices.ContainsFunc(known, same) {
			m.doc.at(m.keyAt, codeUnknownParameter, fmt.Sprintf("%s has no parameter %q", name, first[1]), alternatives(first[1], known, "write one of "+strings.Join(known, ", ")))
		}
	}
}

func (v value) count() int { return v.integer(0, codeStubCount, "write a whole number, 0 or more") }

func (v value) errCode() int {
	if n, ok := v.number(); ok && n == 0 {
		v.report(codeStubErrCode, v.name+" cannot be 0, which is no error", "write the code of an error, such as 45029; for a success, write result")
	}
	return v.integer(-maxExact, codeStubErrCode, "write the code of an error, such as 45029")
}

func (v value) systemError() int {
	advice := "write one of " + strings.Trim(fmt.Sprint(systemErrors), "[]")
	n, ok := v.number()
	if ok && !slices.ContainsFunc(systemErrors, func(code int) bool { return float64(code) == n }) {
		v.report(codeStubSystemError, fmt.Sprintf("%s cannot be %.24s, which is no system error of the platform", v.name, literal(v.json)), advice)
	}
	return int(n)
}

// integer returns a whole number from least, and 0 where there is none. Another number is reported.
func (v value) integer(least float64, code, advice string) int {
	n, ok := v.number()
	if !ok {
		return 0
	}
	if n < least || n > maxExact || n != math.Trunc(n) {
		v.report(code, fmt.Sprintf("%s cannot be %.24s", v.name, literal(v.json)), advice)
		return 0
	}
	return int(n)
}

func (v value) fault() Fault {
	name, ok := v.string()
	if ok && !slices.Contains(faults, Fault(name)) {
		v.report(codeStubFault, fmt.Sprintf("%s cannot be %q", v.name, name), fmt.Sprintf("write %q, %q or %q", FaultTimeout, FaultCut, FaultMalformed))
	}
	return Fault(name)
}

// object returns a JSON object as it is written, without its comments.
func (v value) object() any {
	if !v.is('{') {
		return nil
	}
	return v.compact()
}

// answerFile reads the path of a file that is an answer, and returns its absolute one.
func (v value) answerFile(dir string) string {
	name, ok := v.string()
	if !ok {
		return ""
	}
	path := resolve(dir, name)
	const advice = "name a file that can be read, of at most 10 MiB"
	switch {
	case name == "":
		v.report(codeStubFile, v.name+" is empty", advice)
	case !filepath.IsAbs(path):
		v.report(codeStubFile, fmt.Sprintf("%s is %q, and there is no folder that it is relative to", v.name, name), "write an absolute path")
	default:
		if err := answerFault(path); err != nil {
			v.report(codeStubFile, fmt.Sprintf("%s is %q, which cannot be read: %v", v.name, name, err), advice)
		}
	}
	return path
}

func answerFault(path string) error {
	f, err := openFile(path)
	if err != nil {
		return reason(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() > maxStubFile {
		err = errors.New("it is larger than 10 MiB")
	}
	return err
}

// delay reads a duration, or the range that it is drawn from.
func (v value) delay() Delay {
	if !v.exists() || v.json.Value.Kind() != '{' {
		return Delay{Min: v.duration()}
	}
	v.lintMembers([]string{"min", "max", "seed"})
	d := Delay{Min: v.member("min").duration(), Max: v.member("max").duration()}
	if v.member("max").exists() && d.Min > d.Max {
		v.report(codeStubDelay, v.name+".min is above max", "exchange them")
	}
	if seed := v.member("seed"); seed.is('0') {
		var err error
		if d.Seed, err = strconv.ParseUint(literal(seed.json), 10, 64); err != nil {
			seed.report(codeStubDelay, fmt.Sprintf("%s cannot be %.24s", seed.name, literal(seed.json)), "write a whole number from 0 to 18446744073709551615")
		}
	}
	return d
}

// duration reads a duration from 0 to [maxDelay].
func (v value) duration() time.Duration {
	text, ok := v.string()
	if !ok {
		return 0
	}
	const advice = `write a duration of at most 10 minutes, such as "200ms" or "1.5s"`
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		v.report(codeStubDelay, fmt.Sprintf("%s cannot be %q, which is no duration", v.name, text), advice)
	case d < 0:
		v.report(codeStubDelay, fmt.Sprintf("%s cannot be %q, which is negative", v.name, text), advice)
	case d > maxDelay:
		v.report(codeStubDelay, fmt.Sprintf("%s cannot be %q, which is longer than 10 minutes", v.name, text), advice)
	default:
		return d
	}
	return 0
}
