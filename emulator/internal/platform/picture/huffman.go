package picture

import (
	"encoding/binary"
	"math/bits"
)

// A code is up to 32 bits of a JPEG's entropy-coded data.
type code struct {
	bits uint32
	size uint8
}

// codes follow each other without gaps.
type codes []code

// add appends c, as part of the last code if there is room: what is made once is then written faster many times.
func (s codes) add(c code) codes {
	if n := len(s) - 1; n >= 0 && s[n].size+c.size <= 32 {
		s[n] = code{s[n].bits<<c.size | c.bits, s[n].size + c.size}
		return s
	}
	return append(s, c)
}

// A huffmanTable has the code of every symbol.
type huffmanTable [256]code

// number returns the code of v: of the symbol that says how many bits v has, with v's own bits appended.
// The symbol of an AC coefficient also says, in its upper half, how many zeros come before v.
func (t *huffmanTable) number(zeros uint8, v int32) code {
	sign := v >> 31
	size := uint8(bits.Len32(uint32(v ^ sign - sign)))
	c := t[zeros|size]
	return code{c.bits<<size | uint32(v+sign)&(1<<size-1), c.size + size}
}

// newHuffmanTable assigns codes as T.81 annex C does: counts[i] of the values, in order, have codes of i+1 bits.
func newHuffmanTable(counts, values []byte) (t huffmanTable) {
	next := uint32(0)
	for i, count := range counts {
		for _, v := range values[:count] {
			t[v] = code{next, uint8(i + 1)}
			next++
		}
		values = values[count:]
		next <<= 1
	}
	return t
}

// Symbols of AC coefficients that are no number.
const (
	endOfBlock   = 0x00
	sixteenZeros = 0xF0
)

// The Huffman tables for luminance of T.81 annex K: tables K.3 and K.5.
var (
	dcCounts = []byte{0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0}
	dcValues = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	dcTable  = newHuffmanTable(dcCounts, dcValues)

	acCounts = []byte{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125}
	acValues = []byte{
		0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
		0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0,
		0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28,
		0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
		0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
		0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
		0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
		0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5,
		0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
		0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8,
		0xF9, 0xFA,
	}
	acTable = newHuffmanTable(acCounts, acValues)
)

// A bitWriter appends codes to a JPEG. Fewer than 32 bits wait in acc between writes.
type bitWriter struct {
	out []byte
	acc uint64
	n   uint8
}

func (w *bitWriter) write(s codes) {
	out, acc, n := w.out, w.acc, w.n // in registers
	for _, c := range s {
		acc = acc<<c.size | uint64(c.bits)
		if n += c.size; n < 32 {
			continue
		}
		n -= 32
		word := uint32(acc >> n)
		if (^word-0x01010101)&word&0x80808080 == 0 { // no byte is 0xFF
			out = binary.BigEndian.AppendUint32(out, word)
			continue
		}
		for shift := 24; shift >= 0; shift -= 8 {
			out = stuff(out, byte(word>>shift))
		}
	}
	w.out, w.acc, w.n = out, acc, n
}

// end fills the last byte with ones, as T.81 asks for, and returns the finished JPEG.
func (w *bitWriter) end() []byte {
	w.write(codes{{0x7F, 7}})
	for ; w.n >= 8; w.n -= 8 {
		w.out = stuff(w.out, byte(w.acc>>(w.n-8)))
	}
	return append(w.out, 0xFF, 0xD9) // EOI
}

// stuff appends a byte of data. A zero after 0xFF says that it is not a marker.
func stuff(out []byte, b byte) []byte {
	if out = append(out, b); b == 0xFF {
		out = append(out, 0)
	}
	return out
}
