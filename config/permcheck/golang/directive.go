package golang

import (
	"go/token"
	"strings"

	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
)

// declared returns the names that a directive //wxfn:permissions gives for a call, and whether there is one: on one of
// the lines, or on a line of its own above one.
func (s *source) declared(positions ...token.Pos) ([]string, bool) {
	if s.directives == nil {
		s.readDirectives()
	}
	var names []string
	found := false
	seen := map[int]bool{}
	for _, pos := range positions {
		at := s.program.fset.PositionFor(pos, false)
		lines := s.directives[at.Filename]
		take := func(line int) {
			if list, ok := lines[line]; ok && !seen[line] {
				seen[line], found = true, true
				names = append(names, list...)
			}
		}
		first := at.Line
		for lines[-(first-1)] != nil { // those that stand alone: see readDirectives
			first--
		}
		for line := first; line < at.Line; line++ {
			take(-line)
		}
		take(at.Line)
	}
	return names, found
}

// readDirectives finds the directives of a package's files by their lines. The lines of those that stand alone are also
// there as negative numbers.
func (s *source) readDirectives() {
	s.directives = map[string]map[int][]string{}
	for _, file := range s.files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				text, ok := strings.CutPrefix(c.Text, "//")
				if !ok {
					continue
				}
				text, ok = strings.CutPrefix(strings.TrimLeft(text, " \t"), apiuse.Directive)
				if !ok || text != "" && !strings.ContainsAny(text[:1], " \t\r") {
					continue
				}
				text, _, _ = strings.Cut(text, "//")
				at := s.program.fset.PositionFor(c.Pos(), false)
				lines := s.directives[at.Filename]
				if lines == nil {
					lines = map[int][]string{}
					s.directives[at.Filename] = lines
				}
				names := append([]string{}, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })...)
				for i, name := range names {
					names[i] = apiOf(name)
				}
				before := s.program.files[at.Filename][at.Offset-at.Column+1 : at.Offset]
				if len(strings.TrimSpace(string(before))) == 0 {
					lines[-at.Line] = names
				} else {
					lines[at.Line] = names
				}
			}
		}
	}
}
