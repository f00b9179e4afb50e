package tcb

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"
)

// hashed reports whether p counts in a TC3 signature. The official SDKs test the trimmed text or the Buffer for truth.
func (p param) hashed() bool { return p.kind == binary || len(p.trimmed()) > 0 }

// trimmed returns the value as a TC3 signature hashes it.
func (p param) trimmed() []byte {
	if p.kind == binary {
		return p.value
	}
	return bytes.TrimFunc(p.value, isJSSpace)
}

// isNull reports whether p is the null of a JSON body.
func (p param) isNull() bool { return p.kind == jsonText && string(p.value) == "null" }

// signedName returns the name under which p is signed.
func (p param) signedName() string {
	return escape(strings.TrimFunc(strings.ToLower(p.name), isJSSpace))
}

func bySignedName(params []param) map[string]param {
	byName := make(map[string]param, len(params))
	for _, p := range params {
		byName[p.signedName()] = p
	}
	return byName
}

// escape percent-encodes everything but letters, digits and "-_.~".
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// isJSSpace reports whether JavaScript's trim removes r: U+FEFF goes, U+0085 stays.
func isJSSpace(r rune) bool { return r == '\ufeff' || r != '\u0085' && unicode.IsSpace(r) }

func repeats(names []string) bool {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}
