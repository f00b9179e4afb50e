package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const page = "pages/index/index?from=share&id=123456789"

var contents = map[string]string{
	"one byte":   "x",
	"digits":     "20240131",
	"capitals":   "HTTPS://EXAMPLE.COM/A%B",
	"40 bytes":   page[:40],
	"150 bytes":  strings.Repeat("pages/goods/detail?id=7&", 7)[:150],
	"unicode":    "pages/搜索/结果?词=咖啡☕&é=1",
	"not UTF-8":  "a\xff\x00\xfe",
	"1190 bytes": strings.Repeat("m", 1190),
}

func TestQRCodeReadsBackAtAnyWidth(t *testing.T) {
	t.Parallel()
	for name, content := range contents {
		for _, width := range []int{280, 281, 287, 430, 777, 1279, 1280} {
			t.Run(fmt.Sprintf("%s at %d px", name, width), func(t *testing.T) {
				t.Parallel()
				picture, err := QRCode(content, width)
				require.NoError(t, err)
				img := decode(t, picture)
				assert.Equal(t, image.Rect(0, 0, width, width), img.Bounds())
				assert.LessOrEqual(t, distanceFromBlackAndWhite(img), 12)
				assertGeometry(t, img)
				text, _ := read(t, img)
				assert.Equal(t, content, text)
			})
		}
	}
}

func TestQRCodeHasTheHighestLevelThatItsSizeAffords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		bytes int
		level string
	}{{7, "H"}, {8, "Q"}, {11, "Q"}, {12, "M"}, {14, "M"}, {15, "Q"}} { // 15 bytes need version 2
		t.Run(fmt.Sprint(tt.bytes), func(t *testing.T) {
			t.Parallel()
			picture, err := QRCode(strings.Repeat("x", tt.bytes), 280)
			require.NoError(t, err)
			_, level := read(t, decode(t, picture))
			assert.Equal(t, tt.level, level)
		})
	}
}

func TestQRCodeIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	first, err := QRCode(page, 430)
	require.NoError(t, err)
	second, err := QRCode(page, 430)
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func TestQRCodeOfAPagePathIsASmallFile(t *testing.T) {
	t.Parallel()
	picture, err := QRCode(page, 430)
	require.NoError(t, err)
	assert.InDelta(t, 30_000, len(picture), 10_000)
}

func TestQRCodeRefusesWhatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content string
		width   int
		want    string
	}{
		"no content":                 {"", 430, "QR code: no content"},
		"too narrow":                 {"x", 279, "QR code: width is 279 px, want 280 to 1280"},
		"too wide":                   {"x", 1281, "QR code: width is 1281 px, want 280 to 1280"},
		"negative width":             {"x", -1, "QR code: width is -1 px, want 280 to 1280"},
		"too long for the width":     {strings.Repeat("x", 1191), 280, "QR code of 280 px: no room for 1191 bytes of content"},
		"too long for any QR code":   {strings.Repeat("x", 2332), 1280, "QR code of 1280 px: no room for 2332 bytes of content"},
		"far too long for a QR code": {strings.Repeat("x", 1<<20), 1280, "QR code of 1280 px: no room for 1048576 bytes of content"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := QRCode(tt.content, tt.width)
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestQRCodeOfAnyVersionReadsBack(t *testing.T) {
	t.Parallel()
	for bytes := 1; bytes <= 2331; bytes += 50 {
		t.Run(fmt.Sprint(bytes), func(t *testing.T) {
			t.Parallel()
			content := strings.Repeat(page, 60)[:bytes]
			picture, err := QRCode(content, 370)
			require.NoError(t, err)
			text, _ := read(t, decode(t, picture))
			assert.Equal(t, content, text)
		})
	}
}

func TestJPEGShowsAnyBitmap(t *testing.T) {
	t.Parallel()
	drawings := map[string]func(r *rand.Rand, x, y int) bool{
		"white":      func(*rand.Rand, int, int) bool { return false },
		"black":      func(*rand.Rand, int, int) bool { return true },
		"noise":      func(r *rand.Rand, _, _ int) bool { return r.IntN(2) == 0 },
		"dust":       func(r *rand.Rand, _, _ int) bool { return r.IntN(50) == 0 },
		"checkers":   func(_ *rand.Rand, x, y int) bool { return (x+y)%2 == 0 },
		"stripes":    func(_ *rand.Rand, x, _ int) bool { return x%2 == 0 },
		"bars":       func(_ *rand.Rand, _, y int) bool { return y%16 < 8 }, // every row starts from another DC coefficient
		"last block": func(_ *rand.Rand, x, _ int) bool { return x > 56 },   // equal rows that end unlike they start
		"disc":       func(_ *rand.Rand, x, y int) bool { return (x-40)*(x-40)+(y-40)*(y-40) < 900 },
	}
	for name, black := range drawings {
		for _, width := range []int{1, 7, 8, 9, 63, 64, 257} {
			t.Run(fmt.Sprintf("%s at %d px", name, width), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(1, uint64(width)))
				b := newBitmap(width)
				for y := range b {
					b[y] = make([]byte, b.stride())
					for x := range width {
						if black(r, x, y) {
							b[y][x/8] |= 0x80 >> (x % 8)
						}
					}
				}
				img := decode(t, b.jpeg())
				require.Equal(t, image.Rect(0, 0, width, width), img.Bounds())
				assert.LessOrEqual(t, distanceFromBlackAndWhite(img), 16)
				for y := range b {
					for x := range width {
						require.Equal(t, b[y][x/8]&(0x80>>(x%8)) != 0, isBlack(img, x, y), "pixel %d, %d", x, y)
					}
				}
			})
		}
	}
}

func FuzzQRCode(f *testing.F) {
	for _, content := range contents {
		f.Add(content, 280)
		f.Add(content, 431)
	}
	f.Fuzz(func(t *testing.T, content string, width int) {
		t.Parallel()
		picture, err := QRCode(content, width)
		if err != nil {
			assert.Nil(t, picture)
			fits := content != "" && len(content) <= 1190 && width >= 280 && width <= 1280
			assert.False(t, fits, "%v", err)
			return
		}
		img := decode(t, picture)
		assert.Equal(t, image.Rect(0, 0, width, width), img.Bounds())
		assertGeometry(t, img)
		text, _ := read(t, img)
		assert.Equal(t, content, text)
	})
}

func BenchmarkQRCode(b *testing.B) {
	for _, width := range []int{430, 1280} {
		b.Run(fmt.Sprint(width), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := QRCode(page, width); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func decode(t *testing.T, picture []byte) *image.Gray {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	require.IsType(t, &image.Gray{}, img)
	return img.(*image.Gray)
}

func isBlack(img *image.Gray, x, y int) bool { return img.Pix[y*img.Stride+x] < 128 }

// distanceFromBlackAndWhite is that of the grayest pixel.
func distanceFromBlackAndWhite(img *image.Gray) int {
	farthest := 0
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			v := int(img.Pix[y*img.Stride+x])
			farthest = max(farthest, min(v, 255-v))
		}
	}
	return farthest
}

// assertGeometry checks that modules have one whole size, and that the code is centred in a white quiet zone.
func assertGeometry(t *testing.T, img *image.Gray) {
	t.Helper()
	width, start, end := img.Rect.Dx(), 0, img.Rect.Dx()
	for !isBlack(img, start, start) { // the corner of the top left finder pattern
		start++
		require.Less(t, start, width, "no code")
	}
	for !isBlack(img, end-1, start) { // the corner of the top right one
		end--
	}
	finder := 0
	for isBlack(img, start+finder, start) {
		finder++
	}
	require.Zero(t, finder%7, "a finder pattern has seven modules")
	module := finder / 7
	assert.Zero(t, (end-start)%module)
	assert.Equal(t, 1, (end-start)/module%4, "not the size of a QR code")
	assert.GreaterOrEqual(t, start, 4*module)
	assert.Contains(t, []int{start, start + 1}, width-end, "not centred")

	for y := range width {
		for x := range width {
			black := false
			if min(x, y) >= start && max(x, y) < end {
				black = isBlack(img, x-(x-start)%module, y-(y-start)%module)
			}
			if isBlack(img, x, y) != black {
				require.Fail(t, "not the colour of its module or of the quiet zone", "pixel %d, %d", x, y)
			}
		}
	}
}

// read decodes a QR code to its content and its error-correction level.
func read(t *testing.T, img *image.Gray) (content, level string) {
	t.Helper()
	width := img.Rect.Dx()
	pixels, err := gozxing.NewPlanarYUVLuminanceSource(img.Pix, img.Stride, width, 0, 0, width, width, false)
	require.NoError(t, err)
	bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(pixels))
	require.NoError(t, err)
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_PURE_BARCODE:  true,
		gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
	})
	require.NoError(t, err)
	meta := result.GetResultMetadata()
	content = result.GetText()
	if segments, ok := meta[gozxing.ResultMetadataType_BYTE_SEGMENTS].([][]byte); ok {
		content = string(bytes.Join(segments, nil)) // bytes as they are, in whatever encoding
	}
	return content, meta[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL].(string)
}
