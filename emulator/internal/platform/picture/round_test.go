package picture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const address = "wxfn://code/Ab3-_xY9kLmN0pQr"

var lines = map[string]color.RGBA{
	"black":       {},
	"gray":        {R: 128, G: 128, B: 128},
	"red":         {R: 255},
	"green":       {R: 7, G: 193, B: 96},
	"blue":        {R: 16, G: 80, B: 200},
	"light green": {R: 160, G: 255, B: 160},
}

func TestMiniProgramCodeReadsBack(t *testing.T) {
	t.Parallel()
	for name, content := range contents {
		if name == "1190 bytes" || name == "not UTF-8" { // of which Decode can only guess the encoding
			continue
		}
		for _, style := range []Style{
			{Width: 280}, {Width: 280, Transparent: true}, {Width: 281}, {Width: 430}, {Width: 430, Transparent: true},
			{Width: 777, Transparent: true}, {Width: 1280},
		} {
			t.Run(fmt.Sprintf("%s at %d px, transparent %t", name, style.Width, style.Transparent), func(t *testing.T) {
				t.Parallel()
				picture, img := round(t, content, style)
				assert.Equal(t, image.Rect(0, 0, style.Width, style.Width), img.Bounds())
				read, err := Decode(picture)
				require.NoError(t, err)
				assert.Equal(t, content, read)
			})
		}
	}
}

func TestMiniProgramCodeReadsBackWhateverItsNumber(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		number := make([]byte, 12)
		for j := range number {
			number[j] = byte(r.UintN(256))
		}
		content := "wxfn://code/" + base64.RawURLEncoding.EncodeToString(number)
		t.Run(content, func(t *testing.T) {
			t.Parallel()
			_, img := round(t, content, Style{Width: 430, Transparent: i%2 == 1})
			read, err := readings[0].read(luminance(img, image.White)) // as any scanner would, at the first try
			require.NoError(t, err)
			assert.Equal(t, content, read)
		})
	}
}

func TestMiniProgramCodeReadsBackInAnyColourWithContrast(t *testing.T) {
	t.Parallel()
	for name, line := range lines {
		for _, transparent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, transparent %t", name, transparent), func(t *testing.T) {
				t.Parallel()
				picture, _ := round(t, address, Style{Width: 430, Line: line, Transparent: transparent})
				read, err := Decode(picture)
				require.NoError(t, err)
				assert.Equal(t, address, read)
			})
		}
	}
}

func TestMiniProgramCodeOfAnyVersionReadsBack(t *testing.T) {
	t.Parallel()
	for bytes := 1; bytes <= 2331; bytes += 150 {
		t.Run(fmt.Sprint(bytes), func(t *testing.T) {
			t.Parallel()
			content := strings.Repeat(page, 60)[:bytes]
			picture, _ := round(t, content, Style{Width: 590})
			read, err := Decode(picture)
			require.NoError(t, err)
			assert.Equal(t, content, read)
		})
	}
}

func TestMiniProgramCodeHasTheColourThatItIsAskedFor(t *testing.T) {
	t.Parallel()
	lines := map[string]color.RGBA{"white": {R: 255, G: 255, B: 255}, "not opaque": {R: 200, G: 30, B: 60, A: 10}}
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := color.NRGBA{line.R, line.G, line.B, 255}
			at := image.Pt(215, 18) // in the topmost dot

			_, img := round(t, address, Style{Width: 430, Line: line, Transparent: true})
			assert.Equal(t, want, color.NRGBAModel.Convert(img.At(at.X, at.Y)))
			assert.Equal(t, color.NRGBA{255, 255, 255, 0}, img.At(0, 0))
			assert.Equal(t, color.NRGBA{255, 255, 255, 0}, img.At(215, 60))

			_, img = round(t, address, Style{Width: 430, Line: line})
			assertColour(t, want, img.At(at.X, at.Y))
			assertColour(t, color.White, img.At(0, 0))
			assertColour(t, color.White, img.At(215, 60))
		})
	}
}

func TestMiniProgramCodeIsGrayIfItsLineIs(t *testing.T) {
	t.Parallel()
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, img := round(t, address, Style{Width: 430, Line: line})
			if name == "black" || name == "gray" {
				assert.IsType(t, &image.Gray{}, img)
			} else {
				assert.IsType(t, &image.YCbCr{}, img)
			}
		})
	}
}

func TestMiniProgramCodeHasAQRCodeInARingOfDots(t *testing.T) {
	t.Parallel()
	for _, content := range []string{address, address + strings.Repeat("x", 32)} {
		for _, width := range []int{280, 281, 287, 430, 777, 1280} {
			t.Run(fmt.Sprintf("%d bytes at %d px", len(content), width), func(t *testing.T) {
				t.Parallel()
				_, img := round(t, content, Style{Width: width})
				gray := img.(*image.Gray)

				side := codeSide(width)
				inside := image.NewGray(image.Rect(0, 0, side, side))
				draw.Draw(inside, inside.Rect, gray, image.Pt((width-side)/2, (width-side)/2), draw.Src)
				assertGeometry(t, inside)

				radius := float64(dotRadius(width)) / unit
				middle := float64(width) / 2
				at := func(r, degrees float64) bool {
					sin, cos := math.Sincos(degrees * math.Pi / 180)
					return isBlack(gray, int(middle+r*sin), int(middle-r*cos))
				}
				for i := range dots {
					assert.True(t, at(middle-3*radius, float64(i)*6), "dot %d", i)
					assert.False(t, at(middle-3*radius, float64(i)*6+3), "after dot %d", i)
				}
				for degrees := range 360 {
					assert.False(t, at(middle-4*radius-1, float64(degrees)), "inside of the ring at %d°", degrees)
					assert.False(t, at(middle-2*radius+1, float64(degrees)), "outside of the ring at %d°", degrees)
				}
			})
		}
	}
}

func TestMiniProgramCodeIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	for _, style := range []Style{{Width: 430}, {Width: 430, Line: lines["blue"]}, {Width: 430, Transparent: true}} {
		first, _ := round(t, address, style)
		second, _ := round(t, address, style)
		assert.Equal(t, first, second)
	}
}

func TestMiniProgramCodeRefusesWhatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content string
		width   int
		want    string
	}{
		"no content":               {"", 430, "Mini Program code: no content"},
		"too narrow":               {"x", 279, "Mini Program code: width is 279 px, want 280 to 1280"},
		"too wide":                 {"x", 1281, "Mini Program code: width is 1281 px, want 280 to 1280"},
		"too long for the width":   {strings.Repeat("x", 413), 280, "Mini Program code of 280 px: no room for 413 bytes of content"},
		"too long for any QR code": {strings.Repeat("x", 2332), 1280, "Mini Program code of 1280 px: no room for 2332 bytes of content"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := MiniProgramCode(tt.content, Style{Width: tt.width})
			assert.EqualError(t, err, tt.want)
		})
	}
	for width, bytes := range map[int]int{280: 412, 590: 2331} {
		_, err := MiniProgramCode(strings.Repeat("x", bytes), Style{Width: width})
		assert.NoError(t, err)
	}
}

func BenchmarkMiniProgramCode(b *testing.B) {
	for _, width := range []int{430, 1280} {
		for name, style := range map[string]Style{
			"black JPEG":      {Width: width},
			"blue JPEG":       {Width: width, Line: lines["blue"]},
			"transparent PNG": {Width: width, Transparent: true},
		} {
			b.Run(fmt.Sprintf("%s of %d px", name, width), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := MiniProgramCode(address, style); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// round draws a Mini Program code, and decodes the picture as what it says it is.
func round(t testing.TB, content string, style Style) ([]byte, image.Image) {
	t.Helper()
	picture, err := MiniProgramCode(content, style)
	require.NoError(t, err)
	var img image.Image
	if style.Transparent {
		img, err = png.Decode(bytes.NewReader(picture))
	} else {
		img, err = jpeg.Decode(bytes.NewReader(picture))
	}
	require.NoError(t, err)
	return picture, img
}

// assertColour allows for what a JPEG loses.
func assertColour(t *testing.T, want, got color.Color) {
	t.Helper()
	wr, wg, wb, _ := want.RGBA()
	gr, gg, gb, _ := got.RGBA()
	for _, pair := range [][2]uint32{{wr, gr}, {wg, gg}, {wb, gb}} {
		assert.InDelta(t, pair[0]>>8, pair[1]>>8, 12, "want %v, got %v", want, got)
	}
}
