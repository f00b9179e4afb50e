package javascript

import "github.com/wxcloud-go/wxfn/config/permcheck/apiuse"

// A node is a set of values in the making: of a variable, a property, or what an expression may be. 0 is none: what
// cannot matter, such as a number.
type node int32

// An op is what an instruction does with the values of its nodes.
type op uint8

const (
	opCopy           op = iota // dst may be what x is
	opLoad                     // dst may be x.name
	opIndex                    // dst may be x[y]
	opStore                    // x.name may be y
	opStoreIndex               // x[key] may be y
	opCall                     // dst may be what call returns
	opConcat                   // dst may be x + y
	opElements                 // dst may be an element of x
	opKeys                     // dst may be a name of a property of x
	opInherit                  // x has the properties of y, too
	opImport                   // dst is the module name, as import sees it
	opEscape                   // x is handed to someone unknown, by name; to nobody in particular where name is empty
	opShare                    // dst may be what x is, as far as that is a client or an API
	opModule                   // then is called with the names that x is
	opInteropDefault           // the default of the module dst may be the default of x
)

// An instruction is a piece of a function's code. Their order does not matter: whatever can happen happens.
type instruction struct {
	op        op
	pos       int32 // where the name, or the key, or the argument is
	start     int32 // of the expression around it, for messages; its end is in the function's ends
	end       int32
	dst, x, y node
	key       node // of opStoreIndex
	name      string
	call      *callInfo // of opCall and opModule
}

// A callInfo is what an instruction says of a call.
type callInfo struct {
	callee   node
	receiver node
	method   string // the name of the called property
	args     []argument
	isNew    bool
	then     func(name string) // of opModule
}

// arg returns an argument, 0 where there are fewer.
func (c *callInfo) arg(i int) node {
	if i < len(c.args) {
		return c.args[i].node
	}
	return 0
}

type argument struct {
	ref
	spread bool // it is an array of arguments
}

// A ref is the value of an expression, and where the expression is.
type ref struct {
	node       node
	start, end int32
}

// A function is a function, the code of a file outside all functions, or a class: what its constructor does.
type function struct {
	file   *file
	name   string
	pos    int32
	arrow  bool
	params []node
	rest   node // an array of the arguments beyond params
	args   node // an array of all arguments
	this   node
	ret    node

	code     []instruction
	children []reference // functions that exist once this one runs
	reads    []read      // variables that are read

	// What the solver knows.
	value    value
	object   *object // its properties
	instance *object // what new makes of it
	active   bool
	from     []activation
}

// A reference is a place in a function at which another one is named.
type reference struct {
	function *function
	pos      int32
}

// A read is a place at which a variable is read.
type read struct {
	variable node
	pos      int32
}

// A file is a file of the program.
type file struct {
	source  *source
	top     *function
	exports *object // module.exports, as it is at the start, and what import sees of an ES module
	module  *object // the variable module of a CommonJS module
	esm     bool
	await   *apiuse.Position // of what is awaited outside all functions, as only an ES module can; nil if nothing is
}
