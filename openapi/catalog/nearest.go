package catalog

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"sync"
)

// Nearest returns up to n known names that a wrong name may have meant, best
// first, and an empty slice when none is near. A name that differs from a known
// one only in case, in separators or in an "openapi." before it has that one as
// its only answer. Besides misspelt names it understands a method without its
// namespace or in a wrong one ("qrcode.createQRCode"; but a short one, such as
// "get", only in a namespace that resembles its own), and the names that the
// reference's pages and the HTTPS paths have ("getUnlimitedQRCode",
// "/wxa/getwxacode").
func Nearest(name string, n int) []string {
	names := []string{}
	if len(name) > maxName {
		return names
	}
	space, method := split(name)
	type near struct {
		*target
		cost int
	}
	var found []near
	for _, t := range targets() {
		if c, ok := t.cost(space, method); ok {
			found = append(found, near{t, c})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(
			cmp.Compare(a.cost, b.cost),
			cmp.Compare(a.age, b.age),
			cmp.Compare(len(a.name), len(b.name)),
			cmp.Compare(a.name, b.name),
		)
	})
	for _, f := range found {
		if len(names) >= n || f.cost > 2*found[0].cost { // much worse than the best
			break
		}
		names = append(names, f.name)
	}
	return names
}

const (
	maxName = 100 // longer than this, a name is no name

	// How many letters say enough.
	minAlias  = 8 // a title or a path's end; not "send", "create"
	minSpace  = 3 // a part of a namespace
	minMethod = 4 // a part of a method; not "get"
	longWord  = 6 // a method without its namespace
)

// target is a known name, prepared for comparing.
type target struct {
	name    string
	age     int      // 0 in the data, 1 older
	spaces  []string // its namespace and the ends of it: "officialaccountmedia", "media", ""
	method  string
	aliases []string // what else the method is called
}

var targets = sync.OnceValue(func() []*target {
	var all []*target
	for _, a := range All() {
		t := newTarget(a.Name, 0)
		for _, alias := range []string{fold(a.Title), fold(path.Base(a.Path))} {
			if len(alias) >= minAlias {
				t.aliases = append(t.aliases, alias)
			}
		}
		all = append(all, t)
	}
	for _, name := range older {
		all = append(all, newTarget(name, 1))
	}
	return all
})

func newTarget(name string, age int) *target {
	parts := strings.Split(fold(name), ".")
	last := len(parts) - 1
	t := &target{name: name, age: age, method: parts[last]}
	for i := range parts {
		t.spaces = append(t.spaces, strings.Join(parts[i:last], ""))
	}
	return t
}

// cost tells how far the target is from a namespace and a method, and whether
// that is near at all. A wrong namespace costs no more than leaving it out.
func (t *target) cost(space, method string) (int, bool) {
	inSpace, related := len(space), space == t.spaces[0]
	for _, s := range t.spaces {
		d := distance(space, s)
		if part(space, s, minSpace) {
			d = min(d, 2)
		}
		inSpace = min(inSpace, d)
		related = related || s != "" && d <= max(len(space)/2, 2)
	}
	inMethod, long := distance(method, t.method), len(method) >= longWord
	switch {
	case inMethod == 0 && (related || long || space == ""):
		return inSpace, true
	case slices.Contains(t.aliases, method):
		return inSpace + 1, true
	case related && inMethod <= slack(t.method), long && inMethod <= 1:
		return inSpace + inMethod, true
	case space == t.spaces[0] && part(method, t.method, minMethod):
		return 2, true
	}
	inAll := distance(space+method, t.spaces[0]+t.method) // a dot is missing, or one too many
	return inAll + 1, inAll <= 1
}

// part reports whether one word is a part of the other, and not too short for that.
func part(a, b string, least int) bool {
	return min(len(a), len(b)) >= least && (strings.Contains(a, b) || strings.Contains(b, a))
}

// slack is how many mistakes a method may have and still be recognised in its namespace.
func slack(method string) int { return min(max(len(method)/4, 1), 3) }

// split folds a name and divides it into namespace and method.
func split(name string) (space, method string) {
	name = fold(name)
	if _, rest, ok := strings.Cut(name, "openapi."); ok {
		name = rest
	}
	i := strings.LastIndex(name, ".")
	return strings.ReplaceAll(name[:max(i, 0)], ".", ""), name[i+1:]
}

var foldSeparators = strings.NewReplacer("_", "", "-", "", " ", "", "/", ".")

func fold(s string) string { return foldSeparators.Replace(strings.ToLower(s)) }

// distance is the Damerau-Levenshtein distance: the number of letters missing,
// extra, wrong, or swapped with their neighbour.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1) // i-2, i-1, i
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// NearestOf returns the one of names that a wrong name may have meant, ""
// where none is near. Case and separators do not count.
func NearestOf(wrong string, names []string) string {
	nearest, least := "", min(max(len(wrong)/3, 1), 3)+1
	for _, name := range names {
		if d := distance(fold(wrong), fold(name)); d < least {
			nearest, least = name, d
		}
	}
	return nearest
}
