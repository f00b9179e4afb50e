package picture

import (
	"bytes"
	"math"
	"slices"
)

// A bitmap is a square picture in black and white, as lines of pixels from top to bottom.
// A pixel is one bit, 1 for black, the leftmost in the highest bit of the first byte;
// bits beyond the width are white. Lines that look alike may share their memory.
type bitmap [][]byte

// newBitmap returns a white picture. Its lines are shared: replace them, do not draw on them.
func newBitmap(width int) bitmap {
	b := make(bitmap, width)
	white := make([]byte, b.stride())
	for y := range b {
		b[y] = white
	}
	return b
}

// stride is the number of bytes in a line, and so of blocks in a row.
func (b bitmap) stride() int { return (len(b) + 7) / 8 }

// jpeg encodes the picture as a grayscale baseline JPEG (ITU-T T.81).
//
// A drawing in two colours has few different blocks of 8×8 pixels, so each is transformed once;
// and large shapes give many equal rows of blocks one after another, whose bits are made once.
func (b bitmap) jpeg() []byte {
	e := encoder{known: make(map[pattern]block, 512), ac: make(codes, 0, 4096)}
	w := bitWriter{out: header(len(b))}
	white := make([]byte, b.stride())
	var lines [8][]byte
	var before int32 // the DC coefficient that e.row starts from
	for y := 0; y < len(b); y += 8 {
		// Equal pixels give equal bits if the first DC difference is the same too.
		repeats := e.dc == before
		for i := range lines {
			line := white
			if y+i < len(b) {
				line = b[y+i]
			}
			repeats = repeats && bytes.Equal(line, lines[i])
			lines[i] = line
		}
		if !repeats {
			before = e.dc
			e.encodeRow(&lines)
		}
		w.write(e.row)
	}
	return w.end()
}

// A pattern is what a block looks like: its lines as in a bitmap, the top one in the highest byte.
type pattern uint64

// A block is the transform of a pattern.
type block struct {
	dc       int32 // quantised
	from, to int32 // encoder.ac[from:to] has the other coefficients
}

// An encoder turns blocks into Huffman codes.
type encoder struct {
	known map[pattern]block
	ac    codes // of all known blocks; in one slice, as a picture has hundreds
	row   codes // of the latest row
	dc    int32 // of the latest block; T.81 codes DC coefficients as differences
}

// encodeRow sets e.row to the codes of one row of blocks.
func (e *encoder) encodeRow(lines *[8][]byte) {
	e.row = e.row[:0]
	var last pattern
	current := e.block(last)
	for x := range lines[0] {
		var p pattern
		for _, line := range lines {
			p = p<<8 | pattern(line[x])
		}
		if p != last {
			last, current = p, e.block(p)
		}
		e.row = e.row.add(dcTable.number(0, current.dc-e.dc))
		for _, c := range e.ac[current.from:current.to] {
			e.row = e.row.add(c)
		}
		e.dc = current.dc
	}
}

// block returns the transform of p, made on its first use.
func (e *encoder) block(p pattern) block {
	b, ok := e.known[p]
	if !ok {
		dc, ac := transform(p, e.ac[len(e.ac):])
		b = block{dc, int32(len(e.ac)), int32(len(e.ac) + len(ac))}
		e.ac = append(e.ac, ac...)
		e.known[p] = b
	}
	return b
}

const (
	// All coefficients are quantised in steps of 2³ = 8. This keeps black and white areas exact
	// and pixels at edges within 12 of 255, which no scanner and hardly an eye notices;
	// a code of 40 bytes of content takes some 30 kB at 430 pixels, 100 kB at 1280.
	stepBits = 3

	waveBits = 12 // after the binary point; integers, so that all machines round alike
)

// waves holds the one-dimensional DCT of every line of eight pixels that are 0 or 1.
var waves = func() (w [256][8]int64) {
	for x := range 8 {
		for u := range 8 {
			c := math.Cos(float64((2*x+1)*u)*math.Pi/16) / 2
			if u == 0 {
				c /= math.Sqrt2
			}
			for line := range w {
				w[line][u] += int64(line>>(7-x)&1) * int64(math.Round(c*(1<<waveBits)))
			}
		}
	}
	return w
}()

// transform returns a block's quantised DC coefficient, and appends the codes of the others to ac.
func transform(p pattern, ac codes) (dc int32, _ codes) {
	const one = 1 << (2 * waveBits) // products of two waves have twice the bits
	var f [8][8]int64
	f[0][0] = 8 * (255 - 128) * one // a white block; T.81 centres samples on zero
	// A run of equal lines is a column of ones times a line: its transform is the product of theirs.
	// Drawings have few runs in a block, so this beats a fast two-dimensional DCT.
	for top := 0; top < 8; {
		line, bottom := byte(p>>(56-8*top)), top+1
		for bottom < 8 && byte(p>>(56-8*bottom)) == line {
			bottom++
		}
		if line != 0 {
			column, wave := &waves[0xFF>>top&^(0xFF>>bottom)], &waves[line]
			for v := range f {
				black := -255 * column[v]
				for u := range f[v] {
					f[v][u] += black * wave[u]
				}
			}
		}
		top = bottom
	}
	quantise := func(f int64) int32 { return int32((f + one<<stepBits/2) >> (2*waveBits + stepBits)) }

	zeros := uint8(0)
	for _, at := range zigzag[1:] {
		c := quantise(f[at/8][at%8])
		if c == 0 {
			zeros++
			continue
		}
		for ; zeros > 15; zeros -= 16 {
			ac = ac.add(acTable[sixteenZeros])
		}
		ac = ac.add(acTable.number(zeros<<4, c))
		zeros = 0
	}
	if zeros > 0 {
		ac = ac.add(acTable[endOfBlock])
	}
	return quantise(f[0][0]), ac
}

// zigzag is the order of coefficients in a block, T.81 figure A.6; 8v+u is vertical frequency v, horizontal u.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// header returns all that precedes the picture's bits: T.81 annex B, and the JFIF marker that viewers look for.
func header(width int) []byte {
	size := []byte{byte(width >> 8), byte(width)}
	h := make([]byte, 0, 1024+80*width) // what a short code takes
	h = append(h, 0xFF, 0xD8)           // SOI
	h = segment(h, 0xE0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"))
	h = segment(h, 0xDB, []byte{0}, slices.Repeat([]byte{1 << stepBits}, 64)) // DQT
	h = segment(h, 0xC0, []byte{8}, size, size, []byte{1, 1, 0x11, 0})        // SOF0: 8 bits, one component
	h = segment(h, 0xC4, []byte{0x00}, dcCounts, dcValues)                    // DHT
	h = segment(h, 0xC4, []byte{0x10}, acCounts, acValues)
	return segment(h, 0xDA, []byte{1, 1, 0x00, 0, 63, 0}) // SOS
}

func segment(out []byte, marker byte, parts ...[]byte) []byte {
	payload := slices.Concat(parts...)
	length := 2 + len(payload)
	out = append(out, 0xFF, marker, byte(length>>8), byte(length))
	return append(out, payload...)
}
