package javascript

import (
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// propertyName returns the name of a property.
func propertyName(e js.LiteralExpr) string {
	if e.TokenType == js.StringToken {
		return unquote(e.Data)
	}
	return unescape(string(e.Data))
}

// unquote returns the value of a string literal.
func unquote(data []byte) string {
	if len(data) < 2 {
		return ""
	}
	return unescape(string(data[1 : len(data)-1]))
}

// unescape replaces the escapes in a string or a name.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits := ""
		switch c := s[i]; {
		case c == 'n':
			b.WriteByte('\n')
		case c == 't':
			b.WriteByte('\t')
		case c == 'r':
			b.WriteByte('\r')
		case c == '\r' && strings.HasPrefix(s[i:], "\r\n"):
			i++
		case c == '\n' || c == '\r':
		case c == 'x' && i+2 < len(s):
			digits = s[i+1 : i+3]
			i += 2
		case c == 'u' && i+1 < len(s) && s[i+1] == '{':
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				digits = s[i+2 : i+end]
				i += end
			}
		case c == 'u' && i+4 < len(s):
			digits = s[i+1 : i+5]
			i += 4
		default:
			b.WriteByte(c)
		}
		if digits != "" {
			if r, err := strconv.ParseUint(digits, 16, 32); err == nil {
				b.WriteRune(rune(r))
			}
		}
	}
	return b.String()
}
