package javascript

import (
	"strings"
	"unicode/utf8"
)

// A mapping is an entry of a source map: from a place in the code that was made to one in its source, both counted from
// 0, columns in UTF-16 units.
type mapping struct {
	line, column             int
	sourceLine, sourceColumn int
}

// decodeMappings reads the mappings of a source map with one source: groups of base-64 VLQ numbers, each relative to
// the one before. See https://tc39.es/ecma426/.
func decodeMappings(text string) []mapping {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	mappings := []mapping{}
	var m mapping
	for line, group := range strings.Split(text, ";") {
		m.line, m.column = line, 0
		for segment := range strings.SplitSeq(group, ",") {
			var fields [5]int
			n, value, shift := 0, 0, 0
			for i := range len(segment) {
				digit := strings.IndexByte(digits, segment[i])
				if digit < 0 || n == len(fields) || shift > 30 {
					return mappings
				}
				value |= digit & 31 << shift
				if shift += 5; digit&32 != 0 {
					continue
				}
				fields[n] = value >> 1
				if value&1 != 0 {
					fields[n] = -fields[n]
				}
				n, value, shift = n+1, 0, 0
			}
			if n == 0 {
				continue
			}
			m.column += fields[0]
			if n >= 4 {
				m.sourceLine += fields[2]
				m.sourceColumn += fields[3]
				mappings = append(mappings, m)
			}
		}
	}
	return mappings
}

// utf16Count returns how many UTF-16 units a text has: what source maps count columns in.
func utf16Count(text []byte) int {
	n := 0
	for _, r := range string(text) {
		if r > 0xffff {
			n++
		}
		n++
	}
	return n
}

// runesOf returns how many characters the first n UTF-16 units of a text are.
func runesOf(text []byte, n int) int {
	runes := 0
	for n > 0 && len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if n--; r > 0xffff {
			n--
		}
		runes++
	}
	return runes
}
