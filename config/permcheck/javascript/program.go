package javascript

import (
	"context"
	"path/filepath"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
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

// A valueInfo says which thing a value is, by its kind.
type valueInfo struct {
	kind     kind
	text     string
	function *function
	object   *object
	node     node // of kindResolve
	constant node // that is always this value, if there is one
}

// An object is what the objects have that one place in the program makes.
type object struct {
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
	made    map[string]*object // what is made of it in some ways
	derived bool               // it is itself made of another object
}

// A loadKey is a property that was read into a node; the names of all properties where name is empty.
type loadKey struct {
	name string
	dst  node
}

// firstLoad records that a property is read, and reports whether it was not before.
func (o *object) firstLoad(key loadKey) bool {
	if o.loaded[key] {
		return false
	}
	if o.loaded == nil {
		o.loaded = map[loadKey]bool{}
	}
	o.loaded[key] = true
	return true
}

// star stands for a property whose name is not known, or an element of an array.
const star = "*"

// The limits of what one expression may be, beyond which it is anything.
const (
	maxStrings = 32
	maxText    = 200
	maxDepth   = 6 // names in the path of an API
)

// A nodeState is what is known of a node.
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

// An activation is a place in a function that another one is reached from.
type activation struct {
	from   *function
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
	typed bool // the entry is TypeScript
	files map[string]*file

	pieces   [][]nodeState
	many     map[node]map[value]bool // the values of nodes that have many
	values   []valueInfo
	interned [kindResolve + 1]map[string]value
	waiting  map[node][]*function // functions that wait for a variable to be read
	globals  *object
	unknown  node
	shared   map[string]node // what is stored under a name in objects that are not known
	queue    []event
	firing   []firing
	starting []*function
	steps    int
	cut      bool   // it took too many of them to follow everything
	roots    []node // what is read under the name openapi

	uses     map[place]found
	pending  map[*instruction]*pendingNames
	called   []called
	indexes  []watcher // what reads a property by a computed name
	doubts   map[apiuse.Position]found
	faults   map[apiuse.Position]apiuse.Fault
	escaping map[escape]bool
	problems []error
}

// A place is where an API is named.
type place struct {
	file *file
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
	fn      *function
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
		ctx: ctx, dir: dir, files: map[string]*file{},
		many: map[node]map[value]bool{}, waiting: map[node][]*function{}, shared: map[string]node{},
		uses: map[place]found{}, pending: map[*instruction]*pendingNames{}, doubts: map[apiuse.Position]found{}, faults: map[apiuse.Position]apiuse.Fault{}, escaping: map[escape]bool{},
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
func (p *program) functionOf(n node) *function {
	if s := p.node(n); s.constant {
		return p.values[s.values[0]].function
	}
	return nil
}

func (p *program) newFunction(file *file, name string, pos int32) *function {
	fn := &function{file: file, name: name, pos: pos}
	fn.value = p.newValue(valueInfo{kind: kindFunction, function: fn})
	return fn
}

func (p *program) newObject() *object {
	o := &object{}
	o.value = p.newValue(valueInfo{kind: kindObject, object: o})
	return o
}

// objectOf returns the object that holds a function's properties.
func (p *program) objectOf(fn *function) *object {
	if fn.object == nil {
		fn.object = p.newObject()
	}
	return fn.object
}

// instanceOf returns what new makes of a function.
func (p *program) instanceOf(fn *function) *object {
	if fn.instance == nil {
		fn.instance = p.newObject()
	}
	return fn.instance
}
