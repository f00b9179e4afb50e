package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// The files that the templates of a cloudbaserc.json are filled from stand beside it; those that come later override the
// earlier ones: .env, .env.local, and .env.MODE of the mode that is asked for.
const envFile = ".env"

// An environment fills the templates of one cloudbaserc.json, as the CloudBase CLI does: {{env.NAME}} from the variables of
// this process, else from the .env files, {{tcb.envId}} and {{util.uid}}. Its values may be secret: no finding shows one.
//
// See https://docs.cloudbase.net/cli-v1/config.
type environment struct {
	report *report
	dir    string
	envID  value             // as written
	vars   map[string]string // of the .env files; nil before they are read
	modes  map[string]string // the modes that set a variable, by its name; the mode that is asked for is not among them
}

var (
	template = regexp.MustCompile(`\{\{\{.*?\}\}\}|\{\{.*?\}\}`)
	// variable is the name in a template; those with & or a third bracket are not escaped, and neither are others.
	variable = regexp.MustCompile(`^\{\{[{&]?\s*((?:\w+\.)?[\w.-]+)\s*\}?\}\}$`)
	comment  = regexp.MustCompile(`^\{\{!`)
)

func isTemplate(v value) bool {
	return v.exists() && v.json.Value.Kind() == '"' && template.MatchString(literal(v.json))
}

// filled returns a value whose templates are filled in. Those that are unknown stand for nothing, as for the CloudBase CLI.
func filled(v value) (_ value, unknown []string) {
	if !isTemplate(v) || v.doc.environment == nil {
		return v, nil
	}
	written := literal(v.json)
	v.written = written
	if name := nameIn(written); name != "" {
		if object, found := v.doc.environment.object(name); found {
			at := v.json.StartOffset
			v.json.Value = object
			for part := range v.json.All() { // all of it stands where the template does
				part.StartOffset, part.EndOffset = at, at
			}
			return v, nil
		}
	}
	text, unknown := v.doc.environment.render(written)
	v.json.Value = hujson.String(strings.ToValidUTF8(text, "\ufffd"))
	return v, unknown
}

// render fills the templates in a text. Those that are unknown stand for nothing.
func (e *environment) render(text string) (rendered string, unknown []string) {
	rendered = template.ReplaceAllStringFunc(text, func(t string) string {
		if comment.MatchString(t) {
			return ""
		}
		text, ok := e.lookup(nameIn(t))
		if !ok {
			unknown = append(unknown, t)
		}
		return text
	})
	return rendered, unknown
}

// expanded is filled for a setting that is of no use where a part of it is unknown, which is reported.
func expanded(v value) value {
	v, unknown := filled(v)
	if len(unknown) == 0 {
		return v
	}
	v.reportUnset(v.name, v.reportUnknown(unknown))
	return value{}
}

// nameIn returns the name in a template; "" where the text is none, or none that stands for a value.
func nameIn(text string) string {
	if m := variable.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// reportUnknown reports the templates in the value that stand for nothing at all, and returns the names of the variables
// that others stand for.
func (v value) reportUnknown(templates []string) (names []string) {
	for _, t := range templates {
		if name, isEnv := strings.CutPrefix(nameIn(t), "env."); isEnv {
			names = append(names, name)
			continue
		}
		v.report(codeTemplate, fmt.Sprintf("%s has the template %q, which stands for nothing here", v.name, t), "write {{env.NAME}}, with a line NAME=… in .env, or {{tcb.envId}}")
	}
	return names
}

// reportUnset reports at the value that something needs variables that nobody sets.
func (v value) reportUnset(what string, names []string) {
	if len(names) == 0 {
		return
	}
	e, first := v.doc.environment, names[0]
	list, those := "the variable "+first, first+"=…"
	if len(names) > 1 {
		list, those = "the variables "+strings.Join(names, ", "), first+"=… and the others"
	}
	advice := fmt.Sprintf("add %s to %s, which git should ignore", those, v.doc.report.name(filepath.Join(e.dir, envFile+".local")))
	if mode := e.modes[first]; mode != "" {
		advice = fmt.Sprintf("start with --mode %s, whose %s sets %s, or %s", mode, envFile+"."+mode, first, advice)
	}
	v.report(codeUnsetVariable, fmt.Sprintf("%s needs %s, which neither %s nor the environment sets", what, list, v.doc.report.name(filepath.Join(e.dir, envFile))), advice)
}

// lookup returns what the name in a template stands for.
func (e *environment) lookup(name string) (text string, ok bool) {
	switch name {
	case "tcb.envId":
		if !isTemplate(e.envID) {
			return e.envID.string()
		}
		if inner := nameIn(literal(e.envID.json)); inner != name {
			return e.lookup(inner)
		}
		return "", false
	case "util.uid": // random for the CLI; the same at each load, since a change of it would reload functions
		sum := sha256.Sum256([]byte(e.dir))
		return hex.EncodeToString(sum[:12]), true
	}
	name, ok = strings.CutPrefix(name, "env.")
	if !ok {
		return "", false
	}
	if text, ok = e.report.lookupEnv(name); ok {
		return text, true
	}
	e.read()
	if text, ok = e.vars[name]; ok {
		return unescaped(text), true
	}
	if name == "ENV_ID" && !isTemplate(e.envID) {
		return e.envID.string()
	}
	return "", false
}

// object returns the object that lines such as vars.LEVEL=info make of {{env.vars}}.
func (e *environment) object(name string) (object *hujson.Object, ok bool) {
	name, ok = strings.CutPrefix(name, "env.")
	if !ok {
		return nil, false
	}
	e.read()
	made := map[string]any{}
	for key, text := range e.vars {
		path, below := strings.CutPrefix(key, name+".")
		if !below {
			continue
		}
		into := made
		parts := strings.Split(path, ".")
		for _, part := range parts[:len(parts)-1] {
			next, isObject := into[part].(map[string]any)
			if !isObject {
				next = map[string]any{}
				into[part] = next
			}
			into = next
		}
		if _, isObject := into[parts[len(parts)-1]].(map[string]any); !isObject {
			into[parts[len(parts)-1]] = unescaped(text)
		}
	}
	if len(made) == 0 {
		return nil, false
	}
	parsed, err := hujson.Parse(encoded(made))
	if err != nil {
		return nil, false // a map of strings is always JSON
	}
	return parsed.Value.(*hujson.Object), true
}

// unescaped returns the text of a variable as it is when it has been put between the quotes of a JSON string: so the
// CloudBase CLI has it. A text that cannot stand there counts as it is.
func unescaped(text string) string {
	var s string
	if json.Unmarshal([]byte(`"`+text+`"`), &s) != nil {
		return text
	}
	return s
}

// read reads the .env files, once.
func (e *environment) read() {
	if e.vars != nil {
		return
	}
	e.vars, e.modes = map[string]string{}, map[string]string{}
	own := []string{envFile, envFile + ".local"}
	if e.report.mode != "" {
		own = append(own, envFile+"."+e.report.mode)
	}
	for _, name := range own {
		e.readFile(name, func(key, text string) { e.vars[key] = text })
	}
	others, _ := filepath.Glob(filepath.Join(e.dir, envFile+".*"))
	for _, file := range others {
		name := filepath.Base(file)
		mode := strings.TrimPrefix(name, envFile+".")
		if slices.Contains(own, name) || slices.Contains([]string{"example", "sample", "template"}, mode) {
			continue
		}
		quiet := &environment{report: &report{base: e.report.base}, dir: e.dir}
		quiet.readFile(name, func(key, _ string) { e.modes[key] = mode })
	}
}

// A line of a .env file, as the CloudBase CLI reads it: it knows neither "export", nor comments behind a value, nor values
// of several lines.
var envLine = regexp.MustCompile(`^\s*([\w.-]+)\s*=\s*(.*?)\s*$`)

// readFile reads one .env file. Lines that set nothing are reported without what is in them.
func (e *environment) readFile(name string, set func(key, text string)) {
	path := filepath.Join(e.dir, name)
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		e.report.unreadable(path, err)
		return
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n"), "\n")
	for i, line := range lines {
		fault := func(what, advice string) { e.report.add(path, i+1, 1, codeEnvFile, what, advice) }
		m := envLine.FindStringSubmatch(line)
		switch trimmed := strings.TrimSpace(line); {
		case m != nil:
			value, closed := unquoted(m[2])
			if !closed {
				fault("the value of "+m[1]+" starts with a quote and does not end with one", "write it in one line, between two quotes of the same kind")
			}
			set(m[1], value)
		case trimmed == "" || trimmed[0] == '#':
		case strings.HasPrefix(trimmed, "export "):
			fault("the CloudBase CLI does not read a line that starts with export", "remove export")
		default:
			fault("the line is not NAME=value, and sets nothing", "correct it, or start it with # for a comment")
		}
	}
}

// unquoted returns the value of a line without its quotes; closed is false where there is one only.
func unquoted(text string) (value string, closed bool) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return text, true
	}
	quote := text[:1]
	if len(text) < 2 || !strings.HasSuffix(text, quote) {
		return text, false
	}
	value = text[1 : len(text)-1]
	if quote == `"` {
		value = strings.ReplaceAll(value, `\n`, "\n")
	}
	return value, true
}

// lookupEnv returns a variable of this process, or of the one that the loader speaks for.
func (r *report) lookupEnv(name string) (text string, ok bool) {
	if r.lookup == nil {
		return os.LookupEnv(name)
	}
	return r.lookup(name)
}
