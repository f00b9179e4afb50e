package tcb

import "strings"

// SnakeCase returns the name that a parameter has on the wire for the one that users write: "lineColor" becomes
// "line_color". As in the official SDK, only ASCII letters take part.
func SnakeCase(name string) string {
	if !strings.ContainsFunc(name, isUpper) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		if isUpper(r) {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CamelCase returns the name that users read for one on the wire: "trace_id" becomes "traceId".
func CamelCase(name string) string {
	var b []byte
	for i := 0; i < len(name); i++ {
		if name[i] == '_' && i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z' {
			i++
			b = append(b, name[i]-'a'+'A')
			continue
		}
		b = append(b, name[i])
	}
	return string(b)
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }
