package journal

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// hidden stands in the place of a secret.
const hidden = "[secret]"

const (
	block = 8 // bytes that a secret is found by
	// minWide is the length of secrets that are hidden in all records; a shorter one may be in any text.
	minWide = 16
	// minEncoded is the length of texts that are looked at as base64.
	minEncoded = 16
)

// secrets are texts that a journal shows nowhere: not whole, not in parts, not line by line, and not escaped as in JSON,
// in URLs or in base64. All methods are safe for concurrent use.
//
// A secret is indexed by its blocks: any part of it with 2*block-1 bytes has one of them whole. So looking through a text
// takes time in proportion to its length, however many secrets there are.
type secrets struct {
	mu     sync.RWMutex
	uses   map[string]int
	blocks map[uint64][]place
	seen   []uint16 // how many blocks there are of each hash
	short  map[string]bool
}

// place is where in a form of a secret a block is.
type place struct {
	form string
	at   int
}

// span is a part of a text.
type span struct{ from, to int }

// hide adds secrets; each is hidden until it has been revealed as often.
func (s *secrets) hide(list ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses == nil {
		s.uses, s.blocks, s.short = map[string]int{}, map[uint64][]place{}, map[string]bool{}
		s.seen = make([]uint16, 1<<hashBits)
	}
	for _, secret := range list {
		if s.uses[secret]++; s.uses[secret] > 1 {
			continue
		}
		for _, form := range formsOf(secret) {
			if len(form) < block {
				s.short[form] = true
			}
			for at := 0; at+block <= len(form); at += block {
				key := blockAt(form, at)
				s.blocks[key] = append(s.blocks[key], place{form, at})
				s.seen[hash(key)]++
			}
		}
	}
}

func (s *secrets) reveal(list ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range list {
		if s.uses[secret]--; s.uses[secret] > 0 {
			continue
		}
		delete(s.uses, secret)
		for _, form := range formsOf(secret) {
			delete(s.short, form)
			for at := 0; at+block <= len(form); at += block {
				key := blockAt(form, at)
				if i := slices.Index(s.blocks[key], place{form, at}); i >= 0 {
					s.blocks[key] = slices.Delete(s.blocks[key], i, i+1)
					s.seen[hash(key)]--
				}
				if len(s.blocks[key]) == 0 {
					delete(s.blocks, key)
				}
			}
		}
	}
}

// formsOf returns the texts by which a secret is recognized: each of its lines, as it is and with blanks as in a query.
func formsOf(secret string) (forms []string) {
	for line := range strings.Lines(secret) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) < 2 || line != secret && (len(line) < block || strings.HasPrefix(line, "-----")) { // as in PEM files
			continue
		}
		forms = append(forms, line)
		if plus := strings.ReplaceAll(line, " ", "+"); plus != line { // what else is escaped there, findEscaped sees
			forms = append(forms, plus)
		}
	}
	return forms
}

// replace returns text without its secrets.
func (s *secrets) replace(text string) string {
	spans := s.find(text)
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	end := 0
	for _, found := range spans {
		b.WriteString(text[end:found.from])
		b.WriteString(hidden)
		end = found.to
	}
	b.WriteString(text[end:])
	return b.String()
}

// find returns where secrets are in a text, in order and apart from each other.
func (s *secrets) find(text string) []span {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.uses) == 0 {
		return nil
	}
	spans := s.findEncoded(text, s.findPlain(text))
	spans = s.findEscaped(text, '%', percent, spans)
	return joined(s.findEscaped(text, '\\', backslash, spans))
}

func (s *secrets) findPlain(text string) (spans []span) {
	for secret := range s.short {
		for from := 0; ; {
			i := strings.Index(text[from:], secret)
			if i < 0 {
				break
			}
			spans = append(spans, span{from + i, from + i + len(secret)})
			from += i + len(secret)
		}
	}
	if len(text) < block {
		return spans
	}
	key := blockAt(text, 0)
	for at := 0; ; {
		next := at + 1
		if s.seen[hash(key)] > 0 {
			if found, ok := s.around(text, at, key); ok {
				spans = append(spans, found)
				next = max(next, found.to-block+1)
			}
		}
		switch {
		case next+block > len(text):
			return spans
		case next == at+1:
			key = key>>8 | uint64(text[next+block-1])<<56
		default:
			key = blockAt(text, next)
		}
		at = next
	}
}

// around returns the largest part of a secret that the block at a place of text is in.
func (s *secrets) around(text string, at int, key uint64) (largest span, ok bool) {
	for _, p := range s.blocks[key] {
		from, to := p.at, p.at+block // in the secret
		for from > 0 && at-(p.at-from) > 0 && text[at-(p.at-from)-1] == p.form[from-1] {
			from--
		}
		for to < len(p.form) && at+(to-p.at) < len(text) && text[at+(to-p.at)] == p.form[to] {
			to++
		}
		if n := to - from; n >= leastPart(len(p.form)) && n > largest.to-largest.from {
			largest, ok = span{at - (p.at - from), at + (to - p.at)}, true
		}
	}
	return largest, ok
}

// leastPart returns the length of the shortest part of a secret that is hidden by itself, as where a text was cut within
// it: a half, of longer ones 12 bytes, or a quarter, as less is of no use. A short secret is hidden whole only.
func leastPart(length int) int {
	if length < 2*block {
		return length
	}
	return max(min(length/2, 12), length/4)
}

// findEscaped adds where a text has a secret with some of its characters escaped. escape is what escapes begin with, and
// unescape returns what one stands for and its length; 0 where there is none.
func (s *secrets) findEscaped(text string, escape byte, unescape func(string) (string, int), spans []span) []span {
	if strings.IndexByte(text, escape) < 0 {
		return spans
	}
	plain := make([]byte, 0, len(text))
	from := make([]int, 0, len(text)+1) // where in text each byte of plain comes from
	for at := 0; at < len(text); {
		stands, n := text[at:at+1], 1
		if text[at] == escape {
			if meant, length := unescape(text[at:]); length > 0 {
				stands, n = meant, length
			}
		}
		for range len(stands) {
			from = append(from, at)
		}
		plain = append(plain, stands...)
		at += n
	}
	from = append(from, len(text))
	for _, found := range s.findPlain(string(plain)) {
		spans = append(spans, span{from[found.from], from[found.to]})
	}
	return spans
}

// percent returns the byte that an escape of a URL stands for.
func percent(text string) (string, int) {
	if len(text) < 3 {
		return "", 0
	}
	value, err := strconv.ParseUint(text[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(value)}), 3
}

// backslash returns what an escape of JSON, JavaScript, Go or a shell stands for.
func backslash(text string) (string, int) {
	r, _, tail, err := strconv.UnquoteChar(text, 0)
	switch {
	case err == nil:
		return string(r), len(text) - len(tail)
	case len(text) > 1 && text[1] < utf8.RuneSelf:
		return text[1:2], 2
	}
	return "", 0
}

// findEncoded adds the texts in base64 that have a secret in them, whatever comes before it there.
func (s *secrets) findEncoded(text string, spans []span) []span {
	for from := 0; from < len(text); from++ {
		to := from
		for to < len(text) && isBase64[text[to]] {
			to++
		}
		if to-from >= minEncoded && s.isEncoded(text[from:to]) {
			for to < len(text) && text[to] == '=' {
				to++
			}
			spans = append(spans, span{from, to})
		}
		from = to
	}
	return spans
}

// isEncoded reports whether base64 has a secret in it. It may begin with up to three characters that belong to something
// else.
func (s *secrets) isEncoded(text string) bool {
	text = toStandard.Replace(text)
	for shift := range 4 {
		decoded, _ := base64.RawStdEncoding.DecodeString(text[shift:]) // up to a last character that is none
		if len(s.findPlain(string(decoded))) > 0 {
			return true
		}
	}
	return false
}

var toStandard = strings.NewReplacer("-", "+", "_", "/")

var isBase64 = func() (is [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" {
		is[c] = true
	}
	return is
}()

// joined sorts spans, and makes one of those that overlap.
func joined(spans []span) []span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	all := spans[:1]
	for _, next := range spans[1:] {
		if last := &all[len(all)-1]; next.from < last.to {
			last.to = max(last.to, next.to)
		} else {
			all = append(all, next)
		}
	}
	return all
}

// blockAt returns the block at a place of a text, its first byte lowest.
func blockAt(text string, at int) (key uint64) {
	for i := range block {
		key |= uint64(text[at+i]) << (8 * i)
	}
	return key
}

const hashBits = 16

func hash(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> (64 - hashBits) }
