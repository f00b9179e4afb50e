package permcheck

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// A value is one thing that an expression may be: an entry of program.values.
type value int32

// A kind says what a value is.
type kind uint8

const (
	kindUnknown  kind = iota // anything that does not call the APIs of our client
	kindLost                 // what comes of a place in doubt: nothing more is said about it
	kindClient               // wx-server-sdk, or an instance of its class Cloud
	kindClass                // that class
	kindAPI                  // openapi of a client, and what is in it: text is the path, "" for openapi itself
	kindString               // the string text
	kindPrefix               // a string that starts with text
	kindBuiltin              // a function of the language or of Node, text is its name
	kindFunction             // a function or a class of the program
	kindObject               // an object, by the place that makes it
	kindResolve              // the function that a promise is resolved with
)

type valueInfo struct {
	kind     kind
	text     string
	function *jsFunction
	object   *jsObject
	node     node // of kindResolve
	constant node // that is always this value, if there is one
}

// A jsObject is what the objects have that one place in the program makes.
type jsObject struct {
	value   value
	props   map[string]node
	names   []string // of the properties that are stored
	parents node     // objects whose properties it has, too
	array   bool
	mapLike bool   // a Map or Set: its values are under star
	all     []node // that may be any of its properties
	escaped bool   // someone unknown has it
	quiet   bool   // so, but nobody who would call what is in it
	loaded  map[loadKey]bool
	made    map[string]*jsObject // what is made of it in some ways
	derived bool                 // it is itself made of another object
}

type loadKey struct {
	name string
	dst  node
}

// star stands for a property whose name is not known, or an element of an array.
const star = "*"

// The limits of what one expression may be, beyond which it is anything.
const (
	maxStrings = 32
	maxText    = 200
	maxDepth   = 6 // names in the path of an API
)

// The limits of the work on one function. After manySteps, which only programs of megabytes take, functions and objects
// are not followed any more.
const (
	manySteps  = 2_000_000
	fewStrings = 4
	maxSteps   = 100_000_000
)

type nodeState struct {
	values []value
	*links
	constant bool // has one value, and goes on having it
	strings  uint8
}

// links are what most nodes do not have.
type links struct {
	next     []node // that may be what this is
	watchers []watcher
}

func (s *nodeState) link() *links {
	if s.links == nil {
		s.links = &links{}
	}
	return s.links
}

// The nodes are kept in pieces, so that many of them are never moved.
const nodesInPiece = 4096

// A watcher is an instruction that acts on each value of a node.
type watcher struct {
	in   *instruction
	fn   *jsFunction
	role uint8 // which operand of the instruction the node is
}

const (
	roleX uint8 = iota
	roleY
	roleReceiver
)

// An event is a value that a node has got.
type event struct {
	node  node
	value value
}

// A firing is an instruction that is to act on a value.
type firing struct {
	watcher
	value value
}

// An edge leads from a function to one that it names or calls.
type edge struct {
	from   *jsFunction
	pos    int32
	weight int
}

// Calls tell more than names; where both lead on, the path goes by calls.
const (
	weightCall = 2
	weightName = 3
)

// A program is what one cloud function consists of.
type program struct {
	ctx   context.Context
	dir   string
	files map[string]*jsFile

	pieces   [][]nodeState
	many     map[node]map[value]bool // the values of nodes that have many
	values   []valueInfo
	interned [kindResolve + 1]map[string]value
	waiting  map[node][]*jsFunction // functions that wait for a variable to be read
	globals  *jsObject
	unknown  node
	shared   map[string]node // what is stored under a name in objects that are not known
	queue    []event
	firing   []firing
	starting []*jsFunction
	steps    int
	cut      bool   // it took too many of them to follow everything
	roots    []node // what is read under the name openapi

	uses     map[place]found
	pending  map[*instruction]*pendingNames
	called   []called
	indexes  []watcher // what reads a property by a computed name
	doubts   map[Position]found
	escaping map[escape]bool
	problems []error
}

// A place is where an API is named.
type place struct {
	file *jsFile
	pos  int32
	api  string
}

// called is a call of something in openapi that is no API.
type called struct {
	watcher
	path string
}

// found is where something was found.
type found struct {
	fn      *jsFunction
	pos     int32
	start   int32
	message string
}

type escape struct {
	value value
	quiet bool
}

// pendingNames are names that are no APIs, as far as is known while the program is solved.
type pendingNames struct {
	in    *instruction
	names []value
	good  bool // others are
}

func newProgram(ctx context.Context, dir string) *program {
	p := &program{
		ctx: ctx, dir: dir, files: map[string]*jsFile{},
		many: map[node]map[value]bool{}, waiting: map[node][]*jsFunction{}, shared: map[string]node{},
		uses: map[place]found{}, pending: map[*instruction]*pendingNames{}, doubts: map[Position]found{}, escaping: map[escape]bool{},
	}
	p.newNode() // 0 is none
	p.unknown = p.constant(p.intern(kindUnknown, ""))
	p.globals = p.newObject()
	return p
}

// relative returns the path of a file as the messages show it.
func (p *program) relative(path string) string {
	if rel, err := filepath.Rel(p.dir, path); err == nil {
		path = rel
	}
	return filepath.ToSlash(path)
}

func (p *program) newNode() node {
	last := len(p.pieces) - 1
	if last < 0 || len(p.pieces[last]) == nodesInPiece {
		size := nodesInPiece
		if last < 0 {
			size = 256 // most programs are small; this piece grows
		}
		p.pieces = append(p.pieces, make([]nodeState, 0, size))
		last++
	}
	p.pieces[last] = append(p.pieces[last], nodeState{})
	return node(last*nodesInPiece + len(p.pieces[last]) - 1)
}

// node returns the state of a node, until the next one is made.
func (p *program) node(n node) *nodeState { return &p.pieces[n/nodesInPiece][n%nodesInPiece] }

func (p *program) newValue(info valueInfo) value {
	p.values = append(p.values, info)
	return value(len(p.values) - 1)
}

func (p *program) intern(k kind, text string) value {
	v, ok := p.interned[k][text]
	if !ok {
		if p.interned[k] == nil {
			p.interned[k] = map[string]value{}
		}
		v = p.newValue(valueInfo{kind: k, text: text})
		p.interned[k][text] = v
	}
	return v
}

// constant returns the node that is always one value.
func (p *program) constant(v value) node {
	info := &p.values[v]
	if info.constant == 0 {
		info.constant = p.newNode()
		*p.node(info.constant) = nodeState{values: []value{v}, constant: true}
	}
	return info.constant
}

// functionOf returns the function that a constant node is.
func (p *program) functionOf(n node) *jsFunction {
	if s := p.node(n); s.constant {
		return p.values[s.values[0]].function
	}
	return nil
}

func (p *program) newFunction(file *jsFile, name string, pos int32) *jsFunction {
	fn := &jsFunction{file: file, name: name, pos: pos}
	fn.value = p.newValue(valueInfo{kind: kindFunction, function: fn})
	return fn
}

func (p *program) newObject() *jsObject {
	o := &jsObject{}
	o.value = p.newValue(valueInfo{kind: kindObject, object: o})
	return o
}

// objectOf returns the object that holds a function's properties.
func (p *program) objectOf(fn *jsFunction) *jsObject {
	if fn.object == nil {
		fn.object = p.newObject()
	}
	return fn.object
}

// instanceOf returns what new makes of a function.
func (p *program) instanceOf(fn *jsFunction) *jsObject {
	if fn.instance == nil {
		fn.instance = p.newObject()
	}
	return fn.instance
}

// property returns the node of an object's property.
func (p *program) property(o *jsObject, name string) node {
	n, ok := o.props[name]
	if ok {
		return n
	}
	n = p.newNode()
	if o.props == nil {
		o.props = map[string]node{}
	}
	o.props[name] = n
	if o == p.globals {
		p.add(n, p.value(p.unknown))
	}
	for _, dst := range o.all {
		p.flow(n, dst)
	}
	if o.escaped || o.quiet {
		p.watch(n, watcher{in: &instruction{op: opEscape, x: n, name: p.escapeName(o)}})
	}
	return n
}

func (p *program) escapeName(o *jsObject) string {
	if o.escaped {
		return "unknown code"
	}
	return ""
}

func (p *program) value(constant node) value { return p.node(constant).values[0] }

// store lets an object's property be what src is.
func (p *program) store(o *jsObject, name string, src node) {
	n := p.property(o, name)
	if name != star && !slices.Contains(o.names[max(0, len(o.names)-64):], name) {
		o.names = append(o.names, name)
	}
	p.flow(src, n)
}

// add adds a value to a node.
func (p *program) add(n node, v value) {
	if n == 0 {
		return
	}
	s := p.node(n)
	if len(s.values) > maxStrings {
		if p.many[n][v] {
			return
		}
	} else if slices.Contains(s.values, v) {
		return
	}
	switch p.values[v].kind {
	case kindString, kindPrefix:
		if s.strings >= maxStrings || p.cut && s.strings >= fewStrings {
			p.add(n, p.value(p.unknown))
			return
		}
		s.strings++
	case kindFunction, kindObject, kindBuiltin, kindResolve:
		if p.cut {
			return
		}
	}
	s = p.node(n)
	s.values = append(s.values, v)
	if len(s.values) == maxStrings+1 {
		p.many[n] = map[value]bool{}
		for _, v := range s.values {
			p.many[n][v] = true
		}
	} else if len(s.values) > maxStrings {
		p.many[n][v] = true
	}
	if s.links != nil {
		p.queue = append(p.queue, event{n, v})
	}
}

// flow lets dst be what src is.
func (p *program) flow(src, dst node) {
	if src == 0 || dst == 0 || src == dst {
		return
	}
	s := p.node(src)
	if s.constant {
		p.add(dst, s.values[0])
		return
	}
	s.link()
	if slices.Contains(s.next[max(0, len(s.next)-8):], dst) {
		return
	}
	s.next = append(s.next, dst)
	for _, v := range slices.Clone(s.values) {
		p.add(dst, v)
	}
}

// watch lets an instruction act on the values of a node.
func (p *program) watch(n node, w watcher) {
	if n == 0 {
		return
	}
	s := p.node(n)
	if !s.constant {
		s.link()
		s.watchers = append(s.watchers, w)
	}
	for _, v := range s.values {
		p.firing = append(p.firing, firing{w, v})
	}
}

// solve lets all values flow to where they go.
func (p *program) solve() error {
	for {
		for len(p.queue)+len(p.firing)+len(p.starting) > 0 {
			if err := p.step(); err != nil {
				return err
			}
		}
		if !p.settle() {
			return nil
		}
	}
}

// step does one thing of what there is to do.
func (p *program) step() error {
	if p.steps++; p.steps%4096 == 0 {
		if err := p.ctx.Err(); err != nil {
			return err
		}
	}
	if p.steps > maxSteps {
		return fmt.Errorf("%s: the function is too large to analyse", shortPath(p.dir))
	}
	if p.steps > manySteps && !p.cut {
		// What is called openapi is taken for the client's, whatever it is read from.
		p.cut = true
		for _, n := range p.roots {
			p.add(n, p.intern(kindAPI, ""))
		}
	}
	if last := len(p.firing) - 1; last >= 0 {
		f := p.firing[last]
		p.firing = p.firing[:last]
		p.fire(f.watcher, f.value)
		return nil
	}
	if last := len(p.queue) - 1; last >= 0 {
		e := p.queue[last]
		p.queue = p.queue[:last]
		l := p.node(e.node).links
		p.steps += len(l.next) + len(l.watchers)
		for i := 0; i < len(l.next); i++ {
			p.add(l.next[i], e.value)
		}
		for i := 0; i < len(l.watchers); i++ {
			p.firing = append(p.firing, firing{l.watchers[i], e.value})
		}
		return nil
	}
	last := len(p.starting) - 1
	fn := p.starting[last]
	p.starting = p.starting[:last]
	p.run(fn)
	return nil
}

// settle decides about names that are no APIs. Where several names may meet several namespaces, the pairs that exist
// are meant; but a name that is the only one is a wrong one. It reports whether anything has changed.
func (p *program) settle() bool {
	var wrong []*pendingNames
	for _, names := range p.pending {
		if names.good || len(names.names) == 0 {
			continue
		}
		wrong = append(wrong, names)
	}
	for _, names := range wrong {
		delete(p.pending, names.in)
		for _, v := range names.names {
			p.add(names.in.dst, v)
		}
	}
	return len(wrong) > 0
}

func (p *program) count(n node, k kind) int {
	count := 0
	for _, v := range p.node(n).values {
		if p.values[v].kind == k {
			count++
		}
	}
	return count
}

// activate starts the code of a function that another one reaches.
func (p *program) activate(fn, from *jsFunction, pos int32, weight int) {
	if from != nil && len(fn.from) < 64 {
		fn.from = append(fn.from, edge{from, pos, weight})
	}
	if fn.active {
		return
	}
	fn.active = true
	p.starting = append(p.starting, fn)
}

// run starts what a function does.
func (p *program) run(fn *jsFunction) {
	for i := range fn.code {
		p.start(fn, &fn.code[i])
	}
	for _, child := range fn.children {
		p.activate(child.function, fn, child.pos, weightName)
	}
	for _, r := range fn.reads {
		for _, waiting := range p.waiting[r.variable] {
			p.activate(waiting, fn, r.pos, weightName)
		}
	}
	fn.reads = nil
}

func (p *program) start(fn *jsFunction, in *instruction) {
	w := watcher{in: in, fn: fn}
	switch in.op {
	case opCopy:
		p.flow(in.x, in.dst)
	case opIndex:
		p.indexes = append(p.indexes, w)
		p.watch(in.x, w)
		w.role = roleY
		p.watch(in.y, w)
	case opStoreIndex:
		p.watch(in.x, w)
		w.role = roleY
		p.watch(in.call.args[0].node, w)
	case opConcat:
		p.watch(in.x, w)
		w.role = roleY
		p.watch(in.y, w)
	case opCall:
		p.watch(in.call.callee, w)
		if in.call.receiver != 0 && jsMethods[in.call.method] {
			w.role = roleReceiver
			p.watch(in.call.receiver, w)
		}
	case opImport:
		p.importModule(fn, in)
	case opLoad:
		if in.name == "openapi" && fn != nil {
			p.roots = append(p.roots, in.dst)
			if p.cut {
				p.add(in.dst, p.intern(kindAPI, ""))
			}
		}
		p.watch(in.x, w)
	default:
		p.watch(in.x, w)
	}
}

// do starts an instruction that the program does not have.
func (p *program) do(fn *jsFunction, in instruction) { p.start(fn, &in) }

// fire lets an instruction act on a value.
func (p *program) fire(w watcher, v value) {
	in := w.in
	info := p.values[v]
	switch in.op {
	case opLoad:
		p.load(w, v, in.name)
	case opIndex:
		if w.role == roleX {
			if info.kind == kindUnknown {
				p.add(in.dst, v)
			}
			for _, key := range slices.Clone(p.node(in.y).values) {
				p.index(w, v, key)
			}
		} else {
			for _, x := range slices.Clone(p.node(in.x).values) {
				p.index(w, x, v)
			}
		}
	case opStore:
		p.storeValue(w, v, in.name)
	case opStoreIndex:
		key := in.call.args[0].node
		if w.role == roleX {
			for _, k := range slices.Clone(p.node(key).values) {
				p.storeValue(w, v, p.keyName(k))
			}
		} else {
			for _, x := range slices.Clone(p.node(in.x).values) {
				p.storeValue(w, x, p.keyName(v))
			}
		}
	case opCall:
		if w.role == roleReceiver {
			p.method(w, v)
		} else {
			p.call(w, v)
		}
	case opConcat:
		if w.role == roleX {
			for _, y := range slices.Clone(p.node(in.y).values) {
				p.concat(in.dst, v, y)
			}
		} else {
			for _, x := range slices.Clone(p.node(in.x).values) {
				p.concat(in.dst, x, v)
			}
		}
	case opElements:
		p.elements(w.fn, in.dst, v)
	case opKeys:
		p.keys(in.dst, v)
	case opInherit:
		if o := p.holder(info); o != nil {
			p.inherit(o, in.y)
		}
	case opEscape:
		p.escape(v, w.fn, in)
	case opModule:
		p.moduleName(w, v)
	case opInteropDefault:
		if info.kind == kindObject || info.kind == kindFunction {
			for _, o := range p.node(in.dst).values {
				if object := p.values[o].object; object != nil {
					p.do(w.fn, instruction{op: opLoad, dst: p.property(object, "default"), x: p.constant(v), name: "default", pos: in.pos})
				}
			}
		}
	case opShare:
		if info.kind == kindClient || info.kind == kindAPI || info.kind == kindClass {
			p.add(in.dst, v)
		}
	}
}

func (p *program) keyName(key value) string {
	if info := p.values[key]; info.kind == kindString {
		return info.text
	}
	return star
}

// holder returns the object that has a value's properties.
func (p *program) holder(info valueInfo) *jsObject {
	switch info.kind {
	case kindObject:
		return info.object
	case kindFunction:
		return p.objectOf(info.function)
	}
	return nil
}

func (p *program) parents(o *jsObject) node {
	if o.parents == 0 {
		o.parents = p.newNode()
		for key := range o.loaded {
			if key.name == "" {
				p.do(nil, instruction{op: opKeys, dst: key.dst, x: o.parents})
				continue
			}
			p.do(nil, instruction{op: opLoad, dst: key.dst, x: o.parents, name: key.name})
		}
		for _, dst := range o.all {
			p.do(nil, instruction{op: opIndex, dst: dst, x: o.parents, y: p.unknown, pos: -1})
		}
		if o.escaped || o.quiet {
			p.do(nil, instruction{op: opEscape, x: o.parents, name: p.escapeName(o)})
		}
	}
	return o.parents
}

// inherit lets an object have the properties of others, too.
func (p *program) inherit(o *jsObject, from node) { p.flow(from, p.parents(o)) }

// load lets an instruction's dst be the property of a value.
func (p *program) load(w watcher, v value, name string) {
	in := w.in
	info := p.values[v]
	switch info.kind {
	case kindUnknown:
		p.add(in.dst, v)
		p.flow(p.sharedUnder(name), in.dst)
	case kindLost:
		p.add(in.dst, v)
	case kindClient:
		switch name {
		case "openapi":
			p.add(in.dst, p.intern(kindAPI, ""))
		case "default":
			p.add(in.dst, v)
		case "Cloud":
			p.add(in.dst, p.intern(kindClass, ""))
		default:
			p.add(in.dst, p.value(p.unknown))
			p.flow(p.sharedUnder(name), in.dst)
		}
	case kindAPI:
		p.member(w, info.text, name)
	case kindFunction:
		if name == "prototype" {
			p.add(in.dst, p.instanceOf(info.function).value)
			return
		}
		p.loadObject(w, p.objectOf(info.function), name)
	case kindObject:
		p.loadObject(w, info.object, name)
	case kindBuiltin:
		if !strings.Contains(info.text, ".") && jsNamespaces[info.text] {
			p.add(in.dst, p.intern(kindBuiltin, info.text+"."+name))
			return
		}
		p.add(in.dst, p.value(p.unknown))
	}
}

func (p *program) loadObject(w watcher, o *jsObject, name string) {
	key := loadKey{name, w.in.dst}
	if o.loaded[key] {
		return
	}
	if o.loaded == nil {
		o.loaded = map[loadKey]bool{}
	}
	o.loaded[key] = true
	p.flow(p.property(o, name), w.in.dst)
	if name != star && !o.mapLike && (!o.array || isIndex(name)) {
		p.flow(p.property(o, star), w.in.dst)
	}
	if o.escaped {
		p.add(w.in.dst, p.value(p.unknown))
	}
	if o.parents != 0 {
		p.start(w.fn, &instruction{op: opLoad, dst: w.in.dst, x: o.parents, name: name, pos: w.in.pos, start: w.in.start, end: w.in.end})
	}
}

// isIndex reports whether a property's name is one of an array's element.
func isIndex(name string) bool { return name != "" && name[0] >= '0' && name[0] <= '9' }

// loadAll lets dst be any property of an object.
func (p *program) loadAll(o *jsObject, dst node) {
	if slices.Contains(o.all, dst) {
		return
	}
	o.all = append(o.all, dst)
	for _, name := range slices.Sorted(maps.Keys(o.props)) {
		p.flow(o.props[name], dst)
	}
	if o.escaped {
		p.add(dst, p.value(p.unknown))
	}
	if o.parents != 0 {
		p.do(nil, instruction{op: opIndex, dst: dst, x: o.parents, y: p.unknown, pos: -1})
	}
}

// index lets an instruction's dst be x[key].
func (p *program) index(w watcher, x, key value) {
	k := p.values[key]
	if k.kind == kindString {
		p.load(w, x, k.text)
		return
	}
	info := p.values[x]
	switch info.kind {
	case kindUnknown, kindLost:
		p.add(w.in.dst, x)
	case kindFunction, kindObject:
		p.loadAll(p.holder(info), w.in.dst)
	case kindClient, kindAPI:
		p.add(w.in.dst, p.intern(kindLost, ""))
		if k.kind != kindLost {
			p.doubtName(w)
		}
	case kindBuiltin:
		p.add(w.in.dst, p.value(p.unknown))
	}
}

// doubtName records that a name cannot be told.
func (p *program) doubtName(w watcher) {
	if w.fn == nil || w.in.pos < 0 {
		return
	}
	p.doubt(w.fn, w.in.pos, w.in.start, fmt.Sprintf("cannot tell which API %s is", p.excerpt(w.fn, w.in.start, w.in.end)))
}

func (p *program) doubt(fn *jsFunction, pos, start int32, message string) {
	at := fn.file.source.position(pos)
	if _, ok := p.doubts[at]; !ok {
		p.doubts[at] = found{fn, pos, start, message}
	}
}

// excerpt returns a piece of the code on one line, shortened.
func (p *program) excerpt(fn *jsFunction, start, end int32) string {
	code := fn.file.source.code
	if start < 0 || end <= start || int(end) > len(code) {
		return "this"
	}
	text := strings.Join(strings.Fields(string(code[start:min(end, start+400)])), " ")
	text = strings.ReplaceAll(text, " .", ".")
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:57]) + "…"
	}
	return text
}

// apiNamespaces are the names that lead to APIs.
var apiNamespaces = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{"": true}
	add := func(name string) {
		for i, c := range name {
			if c == '.' {
				m[name[:i]] = true
			}
		}
	}
	for _, a := range catalog.All() {
		add(a.Name)
	}
	for _, name := range catalog.Older() {
		add(name)
	}
	return m
})

// jsIntrinsic are the properties of functions, which an API has, too.
var jsIntrinsic = map[string]bool{
	"call": true, "apply": true, "bind": true, "length": true, "name": true, "arguments": true, "caller": true,
	"constructor": true, "toString": true, "prototype": true,
}

// member lets an instruction's dst be what name is in an API's path.
func (p *program) member(w watcher, path, name string) {
	in := w.in
	switch {
	case path != "" && jsIntrinsic[name]:
		if name == "call" || name == "apply" || name == "bind" {
			p.add(in.dst, p.intern(kindAPI, path))
		}
		return
	case name == "toJSON" || name == "default" || name == star:
		return
	case path != "":
		path += "." + name
	default:
		path = name
	}
	v := p.intern(kindAPI, path)
	known := catalog.Known(path)
	if known && w.fn != nil {
		p.use(w, path)
	}
	names := p.pending[in]
	if names == nil {
		names = &pendingNames{in: in}
		p.pending[in] = names
	}
	switch {
	case known || p.isNamespace(path):
		names.good = true
		p.add(in.dst, v)
	case strings.Count(path, ".") < maxDepth && !slices.Contains(names.names, v):
		names.names = append(names.names, v)
	}
}

func (p *program) isNamespace(path string) bool { return apiNamespaces()[path] }

func (p *program) use(w watcher, api string) {
	at := place{w.fn.file, w.in.pos, api}
	if _, ok := p.uses[at]; !ok {
		p.uses[at] = found{fn: w.fn, pos: w.in.pos, start: w.in.start}
	}
}

func (p *program) sharedUnder(name string) node {
	n, ok := p.shared[name]
	if !ok {
		n = p.newNode()
		p.shared[name] = n
	}
	return n
}

// storeValue lets the property of a value be what an instruction stores.
func (p *program) storeValue(w watcher, x value, name string) {
	in := w.in
	info := p.values[x]
	switch info.kind {
	case kindFunction:
		if name == "prototype" {
			p.inherit(p.instanceOf(info.function), in.y)
			return
		}
		p.store(p.objectOf(info.function), name, in.y)
	case kindObject:
		p.store(info.object, name, in.y)
	case kindUnknown, kindClient:
		// Someone may read it back from an object that we do not know, either.
		p.do(w.fn, instruction{op: opShare, x: in.y, dst: p.sharedUnder(name)})
	}
}

// concat lets dst be x + y.
func (p *program) concat(dst node, x, y value) {
	a, b := p.values[x], p.values[y]
	isText := func(v valueInfo) bool { return v.kind == kindString || v.kind == kindPrefix }
	switch {
	case a.kind == kindString && b.kind == kindString && len(a.text)+len(b.text) <= maxText:
		p.add(dst, p.intern(kindString, a.text+b.text))
	case a.kind == kindString && b.kind == kindPrefix && len(a.text)+len(b.text) <= maxText:
		p.add(dst, p.intern(kindPrefix, a.text+b.text))
	case isText(a) && len(a.text) <= maxText:
		p.add(dst, p.intern(kindPrefix, a.text))
	default:
		p.add(dst, p.value(p.unknown))
	}
}

// elements lets dst be what a loop over a value visits.
func (p *program) elements(fn *jsFunction, dst node, v value) {
	info := p.values[v]
	switch info.kind {
	case kindObject:
		o := info.object
		if o.mapLike {
			pair := p.made(o, "pair")
			p.store(pair, "1", p.property(o, star))
			p.add(dst, pair.value)
			p.flow(p.property(o, star), dst)
			return
		}
		p.loadAll(o, dst)
	case kindUnknown, kindLost:
		p.add(dst, v)
	case kindFunction: // an iterator
		p.add(dst, p.value(p.unknown))
	}
}

// made returns an object that is made of another one in some way.
func (p *program) made(o *jsObject, way string) *jsObject {
	if o.derived {
		return o // an array of an array, and so on without end
	}
	m, ok := o.made[way]
	if !ok {
		if o.made == nil {
			o.made = map[string]*jsObject{}
		}
		m = p.newObject()
		m.derived = true
		o.made[way] = m
	}
	return m
}

// keys lets dst be a name of a property of a value.
func (p *program) keys(dst node, v value) {
	info := p.values[v]
	o := p.holder(info)
	if o == nil {
		p.add(dst, p.value(p.unknown))
		return
	}
	key := loadKey{"", dst}
	if o.loaded[key] {
		return
	}
	if o.loaded == nil {
		o.loaded = map[loadKey]bool{}
	}
	o.loaded[key] = true
	for _, name := range o.names {
		p.add(dst, p.intern(kindString, name))
	}
	if o.parents != 0 {
		p.do(nil, instruction{op: opKeys, x: o.parents, dst: dst})
	}
	if len(o.names) == 0 {
		p.add(dst, p.value(p.unknown))
	}
}

// escape records that a value is in hands that are not known.
func (p *program) escape(v value, fn *jsFunction, in *instruction) {
	info := p.values[v]
	quiet := in.name == ""
	switch info.kind {
	case kindClient, kindAPI, kindClass:
		if quiet || fn == nil {
			return
		}
		if info.kind == kindAPI && info.text != "" && !p.isNamespace(info.text) {
			if !catalog.Known(info.text) {
				p.use(watcher{in: in, fn: fn}, info.text)
			}
			return
		}
		p.doubt(fn, in.pos, in.start, fmt.Sprintf("cannot tell which APIs %s calls with %s", in.name, p.excerpt(fn, in.start, in.end)))
		return
	case kindFunction:
		if p.escaping[escape{value: v}] {
			return
		}
		p.escaping[escape{value: v}] = true
		f := info.function
		for _, n := range f.params {
			p.add(n, p.value(p.unknown))
		}
		p.add(f.rest, p.value(p.unknown))
		p.add(f.args, p.value(p.unknown))
	}
	o := p.holder(info)
	if o == nil || p.escaping[escape{o.value, quiet}] {
		return
	}
	p.escaping[escape{o.value, quiet}] = true
	if quiet {
		o.quiet = true
	} else {
		o.escaped = true
	}
	w := watcher{in: &instruction{op: opEscape, name: in.name, pos: in.pos, start: in.start, end: in.end}, fn: fn}
	for _, name := range slices.Sorted(maps.Keys(o.props)) {
		p.watch(o.props[name], w)
	}
	p.watch(o.parents, w)
	if info.kind == kindFunction && info.function.instance != nil {
		p.escape(info.function.instance.value, fn, in)
	}
}

// call lets a value be called.
func (p *program) call(w watcher, callee value) {
	in, call := w.in, w.in.call
	info := p.values[callee]
	switch info.kind {
	case kindUnknown, kindClient:
		p.add(in.dst, p.value(p.unknown))
		p.escapeArgs(w)
	case kindLost:
		p.add(in.dst, callee)
	case kindClass:
		p.add(in.dst, p.intern(kindClient, ""))
	case kindAPI:
		switch {
		case info.text == "":
			p.add(in.dst, callee) // with options
		case call.method == "bind":
			p.add(in.dst, callee)
		default:
			if !catalog.Known(info.text) && w.fn != nil {
				p.called = append(p.called, called{w, info.text})
			}
			p.add(in.dst, p.value(p.unknown))
		}
	case kindFunction:
		p.enter(w, info.function, call.args, call.receiver)
		if call.isNew {
			instance := p.instanceOf(info.function)
			p.add(in.dst, instance.value)
			p.add(info.function.this, instance.value)
		}
		p.flow(info.function.ret, in.dst)
	case kindResolve:
		for _, arg := range call.args {
			p.flow(arg.node, info.node)
		}
	case kindBuiltin:
		p.callBuiltin(w, info.text)
	case kindObject:
		if info.object.escaped {
			p.escapeArgs(w)
		}
	}
}

func (p *program) escapeArgs(w watcher) {
	call := w.in.call
	name := p.calleeName(w)
	for _, arg := range call.args {
		if arg.node != 0 {
			p.do(w.fn, instruction{op: opEscape, x: arg.node, pos: arg.start, start: arg.start, end: arg.end, name: name})
		}
	}
}

func (p *program) calleeName(w watcher) string {
	if w.fn == nil {
		return "unknown code"
	}
	return p.excerpt(w.fn, w.in.start, w.in.end)
}

// enter lets a function of the program be called.
func (p *program) enter(w watcher, fn *jsFunction, args []argument, receiver node) {
	if w.fn != nil {
		p.activate(fn, w.fn, w.in.pos, weightCall)
	}
	if !fn.arrow {
		p.flow(receiver, fn.this)
	}
	spread := false
	for i, arg := range args {
		n := arg.node
		if n == 0 {
			n = p.unknown
		}
		if arg.spread {
			elements := p.newNode()
			p.do(w.fn, instruction{op: opElements, dst: elements, x: n})
			n, spread = elements, true
		}
		for j, param := range fn.params {
			if j == i || spread && j >= i {
				p.flow(n, param)
			}
		}
		if fn.rest != 0 && (i >= len(fn.params) || spread) {
			p.store(p.arrayOf(fn, "rest", fn.rest), star, n)
		}
		if fn.args != 0 && !fn.arrow {
			array := p.arrayOf(fn, "arguments", fn.args)
			p.store(array, star, n)
			if !spread && i < 16 {
				p.store(array, strconv.Itoa(i), n)
			}
		}
	}
}

// arrayOf returns the array that holds some of a function's arguments.
func (p *program) arrayOf(fn *jsFunction, way string, n node) *jsObject {
	o := p.made(p.objectOf(fn), way)
	o.array = true
	p.add(n, o.value)
	return o
}

// file returns the file of a path, read and parsed once; nil where it cannot be.
func (p *program) file(path string) *jsFile {
	key := path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		key = real
	}
	if file, ok := p.files[key]; ok {
		return file
	}
	p.files[key] = nil
	source, err := readSource(path)
	if err != nil {
		p.problems = append(p.problems, err)
		return nil
	}
	ast, err := source.parse()
	if err != nil {
		p.problems = append(p.problems, err)
		return nil
	}
	file := &jsFile{source: source}
	file.exports, file.module = p.newObject(), p.newObject()
	if len(p.files) > 1 && source.isLibrary() {
		file.top = p.newFunction(file, p.relative(path), 0)
		p.store(file.module, "exports", p.unknown)
		p.files[key] = file
		return file
	}
	p.lower(file, ast)
	p.store(file.module, "exports", p.constant(file.exports.value))
	p.files[key] = file
	return file
}

// sdk is the module that has the APIs.
const sdk = "wx-server-sdk"

// importModule lets an instruction's dst be a module as import sees it.
func (p *program) importModule(fn *jsFunction, in *instruction) {
	file, v := p.module(fn, in.pos, in.name)
	switch {
	case file == nil:
		p.add(in.dst, v)
	case file.esm:
		p.add(in.dst, file.exports.value)
	default:
		p.interop(in.dst, p.property(file.module, "exports"), file)
	}
}

// interop lets dst be a CommonJS module as import sees it: the module is its default, too.
func (p *program) interop(dst, module node, file *jsFile) {
	var o *jsObject
	if file != nil {
		o = p.made(file.module, "import")
	} else {
		o = p.newObject()
	}
	p.flow(module, p.property(o, "default"))
	p.inherit(o, module)
	p.add(dst, o.value)
}

// module returns the file that a module's name stands for, or else a value.
func (p *program) module(fn *jsFunction, pos int32, name string) (*jsFile, value) {
	unknown := p.value(p.unknown)
	local := filepath.IsAbs(name) || name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../")
	switch {
	case name == sdk:
		return nil, p.intern(kindClient, "")
	case strings.TrimPrefix(name, "node:") == "path":
		return nil, p.intern(kindBuiltin, "path")
	case !local || fn == nil:
		return nil, unknown
	}
	path := resolveModule(fn.file.source.path, name)
	if path == "" {
		p.doubt(fn, pos, pos, fmt.Sprintf("cannot find the module %s, nor tell what it calls", name))
		return nil, unknown
	}
	return p.require(fn, pos, path)
}

func (p *program) require(fn *jsFunction, pos int32, path string) (*jsFile, value) {
	unknown := p.value(p.unknown)
	switch ext := filepath.Ext(path); {
	case slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "node_modules"), strings.HasSuffix(path, ".d.ts"):
		return nil, unknown
	case !slices.Contains(jsExtensions, ext) && ext != "" || ext == ".json":
		return nil, unknown
	}
	file := p.file(path)
	if file == nil {
		return nil, unknown
	}
	p.activate(file.top, fn, pos, weightCall)
	return file, 0
}

// requireFolder loads the files of a folder, of which one is required by a name made up at run time.
func (p *program) requireFolder(w watcher, prefix string) bool {
	slash := strings.LastIndexByte(prefix, '/')
	if slash < 0 || w.fn == nil || !strings.HasPrefix(prefix, ".") && !filepath.IsAbs(prefix) {
		return false
	}
	dir := filepath.FromSlash(prefix[:slash+1])
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(w.fn.file.source.path), dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	loaded := false
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix[slash+1:]) || e.Name() == "node_modules" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			path = resolveFolder(path)
		}
		if path == "" || !slices.Contains(jsExtensions, filepath.Ext(path)) || !isRegular(path) {
			continue
		}
		loaded = true
		if file, _ := p.require(w.fn, w.in.pos, path); file != nil {
			p.flow(p.property(file.module, "exports"), w.in.dst)
		}
	}
	return loaded
}
