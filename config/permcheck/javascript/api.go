package javascript

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

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

// apiNames are the names of the APIs that are known one by one.
var apiNames = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, a := range catalog.All() {
		m[a.Name] = true
	}
	for _, name := range catalog.Older() {
		m[name] = true
	}
	return m
})

// listed reports whether an API of this name is among those. One that is known only by the form of its name may go on after
// it: it counts where it is called.
func listed(name string) bool { return apiNames()[name] }

func (p *program) isNamespace(path string) bool { return apiNamespaces()[path] }

// functionProperties are the properties of functions, which an API has, too.
var functionProperties = map[string]bool{
	"call": true, "apply": true, "bind": true, "length": true, "name": true, "arguments": true, "caller": true,
	"constructor": true, "toString": true, "prototype": true,
}

// member lets an instruction's dst be what name is in an API's path.
func (p *program) member(w watcher, path, name string) {
	in := w.in
	switch {
	case path != "" && functionProperties[name]:
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
	known := listed(path)
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

func (p *program) use(w watcher, api string) {
	at := place{w.fn.file, w.in.pos, api}
	if _, ok := p.uses[at]; !ok {
		p.uses[at] = found{fn: w.fn, pos: w.in.pos, start: w.in.start}
	}
}

// doubtName records that a name cannot be told.
func (p *program) doubtName(w watcher) {
	if w.fn == nil || w.in.pos < 0 {
		return
	}
	p.doubt(w.fn, w.in.pos, w.in.start, fmt.Sprintf("cannot tell which API %s is", p.excerpt(w.fn, w.in.start, w.in.end)))
}

func (p *program) doubt(fn *function, pos, start int32, message string) {
	at := fn.file.source.position(pos)
	if _, ok := p.doubts[at]; !ok {
		p.doubts[at] = found{fn, pos, start, message}
	}
}

// excerpt returns a piece of the code on one line, shortened.
func (p *program) excerpt(fn *function, start, end int32) string {
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
