package config

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// AddPermissions returns the text of a config.json whose permissions.openapi has some more APIs. Everything that is
// there stays as it is to the byte: entries and their order, comments, indentation, line ends. In a sorted list new
// names go to their places, in another one to the end. The names are not checked against the API reference.
//
// An empty text becomes a new file. The error, of one line, says what in the text is wrong, and in which line.
func AddPermissions(text []byte, apis ...string) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		if len(apis) == 0 {
			return text, nil
		}
		style := style{unit: "  ", eol: "\n", colon: ": "}
		return []byte("{\n" + style.unit + style.permissions(style.unit, true, sortedNames(apis)) + "\n}\n"), nil
	}
	p, err := parsePermit(text)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(sortedNames(apis), func(name string) bool { return slices.Contains(p.names, name) })
	if len(names) == 0 {
		return text, nil
	}
	if !p.list.exists() {
		return slices.Concat(p.mark, p.withList(names)), nil
	}
	for _, name := range names {
		if p, err = p.edited(p.insert(name)); err != nil {
			return nil, err
		}
	}
	return slices.Concat(p.mark, p.text), nil
}

// RemovePermissions is the inverse of [AddPermissions]: it returns the text of a config.json whose permissions.openapi
// lacks some APIs. The comments of an entry go with it, everything else stays as it is to the byte; a list whose last
// entry goes is an empty one.
func RemovePermissions(text []byte, apis ...string) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return text, nil
	}
	p, err := parsePermit(text)
	if err != nil {
		return nil, err
	}
	removed := false
	for k := len(p.names) - 1; k >= 0; k-- {
		if slices.Contains(apis, p.names[k]) {
			removed = true
			if p, err = p.edited(p.remove(k)); err != nil {
				return nil, err
			}
		}
	}
	if !removed {
		return text, nil
	}
	return slices.Concat(p.mark, p.text), nil
}

// SortPermissions returns the text of a config.json whose permissions.openapi is sorted, each entry with its comments. An
// entry that is there twice is kept once, unless it has a comment. A sorted list is returned as it is.
func SortPermissions(text []byte) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return text, nil
	}
	p, err := parsePermit(text)
	if err != nil {
		return nil, err
	}
	if slices.IsSorted(p.names) {
		return text, nil
	}
	if p, err = p.sorted(); err != nil {
		return nil, err
	}
	return slices.Concat(p.mark, p.text), nil
}

func sortedNames(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// A permit is the text of a config.json, and where its permissions stand in it.
type permit struct {
	source
	permissions value // absent where the file has none
	list        value // permissions.openapi; absent where the file has none
	entries     []hujson.Value
	names       []string // of the entries
	gaps        []gap    // before each entry, and after the last
	trailing    bool     // a comma stands after the last entry
}

// A gap is the text before an entry, or after the last one, without commas: spaces and comments. Its first line, the
// tail, belongs to the entry before; the head, from the first comment after the tail, to the entry that follows.
// All are byte offsets.
type gap struct {
	start     int
	tail      int // where the tail ends
	nextLine  int // where the line after the tail starts; 0 where the gap is in one line, and has no tail
	head      int // where the head starts
	end       int
	isComment bool // the tail has a // comment, so a line end must follow
}

// parsePermit parses a text, and checks that it has permissions or may have some.
func parsePermit(text []byte) (*permit, error) {
	r := &report{}
	p := &permit{source: r.source(text)}
	p.permissions = p.root.member("permissions")
	p.list = p.permissions.member("openapi")
	for _, e := range p.list.elements() {
		p.names = append(p.names, e.text())
		p.entries = append(p.entries, e.json)
	}
	if err := r.firstError(); err != nil {
		return nil, err
	}
	if p.list.exists() {
		end := p.list.json.EndOffset - 1
		for _, e := range p.entries {
			p.gaps = append(p.gaps, p.gap(e.StartOffset-len(e.BeforeExtra), e.StartOffset))
			p.trailing = e.AfterExtra != nil
		}
		p.gaps = append(p.gaps, p.gap(end-len(p.list.json.Value.(*hujson.Array).AfterExtra), end))
	}
	return p, nil
}

// edited parses a text again that has been edited.
func (p *permit) edited(text []byte) (*permit, error) {
	return parsePermit(slices.Concat(p.mark, text))
}

// gap takes apart what stands between two offsets.
func (p *permit) gap(start, end int) gap {
	extra := p.text[start:end]
	g := gap{start: start, tail: start, end: end}
	line, isComment := firstLine(extra)
	rest := 0
	if line >= 0 {
		g.tail = start + len(trimRight(extra[:line]))
		g.isComment = isComment
		rest = line + 1
		g.nextLine = start + rest
	}
	g.head = end - len(bytes.TrimLeft(extra[rest:], " \t\r\n"))
	return g
}

// content returns the offset where the last comment of a gap in one line ends.
func (p *permit) content(g gap) int { return g.start + len(trimRight(p.text[g.start:g.end])) }

// insert returns the text with one more entry: in its place in a sorted list, else at the end. Where entries have lines
// of their own, it gets one.
func (p *permit) insert(name string) []byte {
	n := len(p.names)
	k := n
	if slices.IsSorted(p.names) {
		k, _ = slices.BinarySearch(p.names, name)
	}
	s, g, entry := p.style(), p.gaps[k], quote(name)
	if k < n {
		if g.nextLine > 0 {
			return p.splice(g.nextLine, g.nextLine, p.indent(k), entry, ",", p.lineEnd(g))
		}
		return p.splice(g.head, g.head, entry, ",", p.comma())
	}
	if n == 0 {
		return p.first(entry)
	}
	before, after := ",", ""
	at := p.content(g)
	if p.trailing {
		before, after, at = "", ",", g.start
	}
	switch {
	case g.nextLine > 0:
		return p.splice(g.start, g.nextLine, before, string(p.text[g.start:g.nextLine]), p.indent(n-1), entry, after, p.lineEnd(g))
	case p.gaps[n-1].nextLine > 0:
		return p.splice(at, at, before, s.eol, p.indent(n-1), entry, after)
	}
	return p.splice(at, at, before, p.comma(), entry, after)
}

// first returns the text with an entry in a list that had none.
func (p *permit) first(entry string) []byte {
	s, g := p.style(), p.gaps[0]
	outer := p.indentation(p.list.json.StartOffset)
	switch {
	case g.nextLine > 0:
		return p.splice(g.nextLine, g.nextLine, outer, s.unit, entry, p.lineEnd(g))
	case p.content(g) > g.start: // a comment
		return p.splice(p.content(g), p.content(g), " ", entry)
	case p.startsLine(p.list.keyAt):
		return p.splice(g.start, g.end, s.eol, outer, s.unit, entry, s.eol, outer)
	}
	return p.splice(g.start, g.end, entry)
}

// remove returns the text without an entry. It undoes insert.
func (p *permit) remove(k int) []byte {
	last := len(p.entries) - 1
	before, after := p.gaps[k], p.gaps[k+1]
	from, to := before.head, after.start
	lines := before.nextLine > 0 && after.nextLine > 0
	if lines {
		from, to = before.nextLine, after.nextLine
	}
	switch {
	case last == 0:
		list := p.list.json
		if len(bytes.TrimSpace(p.text[list.StartOffset+1:from])) == 0 && len(bytes.TrimSpace(p.text[to:list.EndOffset-1])) == 0 {
			from, to = list.StartOffset+1, list.EndOffset-1
		}
		return p.splice(from, to)
	case k < last && lines:
		return p.splice(from, to)
	case k < last && after.nextLine > 0: // it ends the line of others
		return p.splice(before.start, to)
	case k < last:
		return p.splice(from, after.head)
	case lines:
	case before.isComment: // which the line end must follow
		from = before.nextLine
	case before.nextLine > 0:
		from = before.tail
	default:
		from = before.start
	}
	if p.trailing {
		return p.splice(from, to)
	}
	return p.splice(before.start-1, to, string(p.text[before.start:from])) // the comma before it goes, too
}

// sorted returns the file with its list sorted. What separates the entries stays where it is, so that lines and
// indentation do.
func (p *permit) sorted() (*permit, error) {
	type block struct{ name, entry, beforeComma, tail string }
	var blocks []block
	for k, e := range p.entries {
		next := p.gaps[k+1]
		blocks = append(blocks, block{
			name:        p.names[k],
			entry:       string(p.text[p.gaps[k].head:e.EndOffset]),
			beforeComma: string(e.AfterExtra),
			tail:        string(p.text[next.start:next.tail]),
		})
	}
	if end := &p.gaps[len(p.entries)]; end.nextLine == 0 && !p.trailing {
		end.tail = p.content(*end)
		blocks[len(blocks)-1].beforeComma = string(p.text[end.start:end.tail])
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return strings.Compare(a.name, b.name) })

	// A line ends where one must: after a // comment, and before comments in lines of their own.
	var list strings.Builder
	separate := func(tail string, from, to int, entry string) {
		list.WriteString(tail)
		_, isComment := firstLine([]byte(tail))
		lines, _ := firstLine([]byte(entry))
		if end, _ := firstLine(p.text[from:to]); end < 0 && (isComment || lines >= 0) {
			list.WriteString(p.style().eol)
		}
		list.Write(p.text[from:to])
	}
	separate("", p.gaps[0].start, p.gaps[0].head, blocks[0].entry)
	for k, b := range blocks {
		list.WriteString(b.entry + b.beforeComma)
		if k < len(blocks)-1 || p.trailing {
			list.WriteByte(',')
		}
		next := p.gaps[k+1]
		if k < len(blocks)-1 {
			separate(b.tail, next.tail, next.head, blocks[k+1].entry)
		} else {
			separate(b.tail, next.tail, next.end, "")
		}
	}
	q, err := p.edited(p.splice(p.gaps[0].start, p.list.json.EndOffset-1, list.String()))
	for k := len(blocks) - 1; k > 0 && err == nil; k-- {
		b := blocks[k]
		if b.name == blocks[k-1].name && strings.HasPrefix(b.entry, `"`) && strings.TrimSpace(b.beforeComma+b.tail) == "" {
			q, err = q.edited(q.remove(k))
		}
	}
	return q, err
}

// withList returns the text with a new list of names.
func (p *permit) withList(names []string) []byte {
	s, object, add := p.style(), p.root, style.permissions
	if p.permissions.exists() {
		object, add = p.permissions, style.openapi
	}
	members := object.json.Value.(*hujson.Object).Members
	start := object.json.StartOffset
	if len(members) == 0 {
		g := p.gap(start+1, object.json.EndOffset-1)
		if g.nextLine == 0 {
			return p.splice(start+1, start+1, add(s, "", false, names))
		}
		indent := p.indentation(start) + s.unit
		return p.splice(g.nextLine, g.nextLine, indent, add(s, indent, true, names), p.lineEnd(g))
	}
	g := p.gap(start+1, members[0].Name.StartOffset)
	if g.nextLine == 0 {
		return p.splice(g.head, g.head, add(s, "", false, names), ",", s.space())
	}
	indent := p.indentation(members[0].Name.StartOffset)
	return p.splice(g.nextLine, g.nextLine, indent, add(s, indent, true, names), ",", p.lineEnd(g))
}

// indent returns the indentation of a new line beside an entry.
func (p *permit) indent(k int) string {
	start := p.list.json.StartOffset
	indent := p.indentation(p.entries[k].StartOffset)
	if !bytes.Contains(p.text[start:p.entries[k].StartOffset], []byte("\n")) {
		indent += p.style().unit // it shares the line of the list's bracket
	}
	return indent
}

// lineEnd returns the end of a gap's first line.
func (p *permit) lineEnd(g gap) string {
	if g.nextLine > 1 && p.text[g.nextLine-2] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// comma returns what follows a comma in the list, where entries share a line.
func (p *permit) comma() string {
	if len(p.entries) > 1 {
		if g := p.gaps[1]; g.head == g.end && g.nextLine == 0 {
			return string(p.text[g.start:g.end])
		}
	}
	return p.style().space()
}

// permissions returns the member permissions with a list of names, in several lines or one. indent is that of the member.
func (s style) permissions(indent string, lines bool, names []string) string {
	inner := s.openapi(indent+s.unit, lines, names)
	if lines {
		return `"permissions"` + s.colon + "{" + s.eol + indent + s.unit + inner + s.eol + indent + "}"
	}
	return `"permissions"` + s.colon + "{" + inner + "}"
}

// openapi is permissions for the member openapi.
func (s style) openapi(indent string, lines bool, names []string) string {
	var entries []string
	for _, name := range names {
		entries = append(entries, quote(name))
	}
	if lines {
		line := s.eol + indent + s.unit
		return `"openapi"` + s.colon + "[" + line + strings.Join(entries, ","+line) + s.eol + indent + "]"
	}
	return `"openapi"` + s.colon + "[" + strings.Join(entries, ","+s.space()) + "]"
}
