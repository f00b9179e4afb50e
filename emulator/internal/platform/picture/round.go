package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	"rsc.io/qr/coding"
)

// A Style says how a Mini Program code looks.
type Style struct {
	Width       int        // pixels a side, 280 to 1280
	Line        color.RGBA // line_color, of all that is drawn; its alpha has no meaning, so the zero value is black
	Transparent bool       // is_hyaline
}

// MiniProgramCode draws what stands in for the round Mini Program code (小程序码) of get and getUnlimited
// (https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getQRCode.html,
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html):
// a QR code in a ring of dots. Only WeChat reads the original; any scanner reads this.
// The picture is exactly style.Width pixels wide and high. It is a PNG with nothing behind the lines
// if style asks for that, else a baseline JPEG on white.
// Modules are squares of the same whole number of pixels, and the ring keeps out of the quiet zone of four modules.
// Error correction is of level M, or higher where that needs no larger code.
// The same arguments give the same bytes.
//
// A line of any colour is drawn as asked for, as the platform does it, even one that nobody can see.
// Scanners can be relied on to read dark ones, with a luminance (0.299 R + 0.587 G + 0.114 B) of at most 128.
// Decode reads up to 220, and on transparent ground all.
//
// Empty content is an error, and so is content so long that modules would be smaller than two pixels:
// a width of 280 has room for 412 bytes, and 590 or more for 2331.
func MiniProgramCode(content string, style Style) ([]byte, error) {
	const kind = "Mini Program code"
	if err := check(kind, content, style.Width); err != nil {
		return nil, err
	}
	code, err := encode(content, codeSide(style.Width)/minModule-2*quietZone)
	if err != nil {
		return nil, fmt.Errorf("%s of %d px: %w", kind, style.Width, err)
	}
	d := newDrawing(code, style.Width)
	var out bytes.Buffer
	if style.Transparent {
		err = png.Encode(&out, d.onNothing(style.Line))
		return out.Bytes(), err
	}
	err = jpeg.Encode(&out, d.onWhite(style.Line), &jpeg.Options{Quality: 85})
	return out.Bytes(), err
}

// The ring is measured in 16ths of a pixel.
const (
	dots = 60
	unit = 16
)

// dotRadius is also half the margin around the ring. It is even, which puts no dot halfway between two units:
// machines differ in the last digit of a sine, and must not round to different ones.
func dotRadius(width int) int { return unit * width / 70 &^ 1 }

// codeSide is the width of the largest square in the ring, which the code and its quiet zone get:
// even or odd as the picture's, so that it is in the middle.
func codeSide(width int) int {
	radius := width/2 - 4*dotRadius(width)/unit
	side := int(math.Sqrt2 * float64(radius))
	return side - (width-side)%2
}

// A drawing is a square picture in one ink: line by line, how much of it every pixel has, from 0 to fullInk.
type drawing struct {
	width int
	ink   []byte
}

// fullInk makes a pixel four bits: half the size of a PNG.
const fullInk = 15

func newDrawing(code *coding.Code, width int) *drawing {
	d := &drawing{width, make([]byte, width*width)}
	side := codeSide(width)
	margin := (width - side) / 2
	for y, line := range drawCode(code, side) {
		row := d.ink[(margin+y)*width+margin:][:side]
		for x := range row {
			row[x] = line[x/8] >> (7 - x%8) & 1 * fullInk
		}
	}
	centre, radius := unit*width/2, dotRadius(width)
	ring := float64(centre - 3*radius)
	for i := range dots {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / dots)
		d.dot(centre+int(math.Round(ring*sin)), centre-int(math.Round(ring*cos)), radius)
	}
	return d
}

// dot draws a disc with smooth edges: a pixel has as much ink as points of a 4×4 grid in it are inside.
func (d *drawing) dot(cx, cy, radius int) {
	isInside := func(x, y int) bool { return (x-cx)*(x-cx)+(y-cy)*(y-cy) <= radius*radius }
	for y := (cy - radius) / unit; y <= (cy+radius)/unit; y++ {
		for x := (cx - radius) / unit; x <= (cx+radius)/unit; x++ {
			n := byte(0)
			for py := y*unit + unit/8; py < (y+1)*unit; py += unit / 4 {
				for px := x*unit + unit/8; px < (x+1)*unit; px += unit / 4 {
					if isInside(px, py) {
						n++
					}
				}
			}
			d.ink[y*d.width+x] = min(n, fullInk)
		}
	}
}

func (d *drawing) bounds() image.Rectangle { return image.Rect(0, 0, d.width, d.width) }

// onNothing leaves what has no ink transparent, and white for those who ignore transparency, as some scanners do.
func (d *drawing) onNothing(line color.RGBA) image.Image {
	palette := color.Palette{color.NRGBA{0xFF, 0xFF, 0xFF, 0}}
	for ink := 1; ink <= fullInk; ink++ {
		palette = append(palette, color.NRGBA{line.R, line.G, line.B, uint8(255 * ink / fullInk)})
	}
	return &image.Paletted{Pix: d.ink, Stride: d.width, Rect: d.bounds(), Palette: palette}
}

// onWhite is in the colours that JPEG has, or in grays if the line is gray: the encoder is fast with these.
func (d *drawing) onWhite(line color.RGBA) image.Image {
	var luma, blue, red [fullInk + 1]byte
	for ink := range luma {
		mix := func(c uint8) uint8 { return uint8(255 - (255-int(c))*ink/fullInk) }
		luma[ink], blue[ink], red[ink] = color.RGBToYCbCr(mix(line.R), mix(line.G), mix(line.B))
	}
	plane := func(values *[fullInk + 1]byte) []byte {
		p := make([]byte, len(d.ink))
		for i, ink := range d.ink {
			p[i] = values[ink]
		}
		return p
	}
	if line.R == line.G && line.G == line.B {
		return &image.Gray{Pix: plane(&luma), Stride: d.width, Rect: d.bounds()}
	}
	return &image.YCbCr{
		Y: plane(&luma), Cb: plane(&blue), Cr: plane(&red), YStride: d.width, CStride: d.width,
		SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: d.bounds(),
	}
}
