package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeReadsQRCodes(t *testing.T) {
	t.Parallel()
	for name, content := range contents {
		if name == "not UTF-8" {
			continue
		}
		for _, width := range []int{280, 281, 430, 777, 1280} {
			t.Run(fmt.Sprintf("%s at %d px", name, width), func(t *testing.T) {
				t.Parallel()
				picture, err := QRCode(content, width)
				require.NoError(t, err)
				read, err := Decode(picture)
				require.NoError(t, err)
				assert.Equal(t, content, read)
			})
		}
	}
}

func TestDecodeReadsPhotos(t *testing.T) {
	t.Parallel()
	white, gray, dark := plain(255), plain(160), plain(40)
	photos := map[string][]effect{
		"turned by 3°":            {turn(3, 1, white)},
		"turned by 10°":           {turn(10, 1, dark)},
		"turned by 45°":           {turn(45, 1, dark)},
		"turned by 90°":           {turn(90, 1, white)},
		"upside down":             {turn(180, 1, white)},
		"mirrored":                {project(430, 430, [4]point{{430, 0}, {0, 0}, {0, 430}, {430, 430}}, white)},
		"0.4 times the size":      {turn(0, 0.4, white)},
		"0.6 times the size":      {turn(0, 0.6, white)},
		"2.2 times the size":      {turn(0, 2.2, white)},
		"from below":              {project(430, 430, [4]point{{60, 40}, {370, 40}, {410, 410}, {20, 410}}, dark)},
		"from the left":           {project(430, 430, [4]point{{40, 20}, {390, 50}, {400, 390}, {20, 420}}, gray)},
		"blurred by 1 px":         {blur(1)},
		"blurred by 2 px":         {blur(2)},
		"a little noise":          {noise(20)},
		"much noise":              {noise(60)},
		"bright on the right":     {light(0.1, 1)},
		"bright on the left":      {contrast(60, 200), light(1, 0.2), noise(4)},
		"dim":                     {contrast(10, 50), noise(2)},
		"washed out":              {contrast(180, 230), noise(3)},
		"reflection of a lamp":    {contrast(30, 200), glare(0.4, 0.6, 0.2, 120)},
		"fine moiré":              {moire(3, 40)},
		"coarse moiré":            {turn(3, 1.2, white), moire(8, 60), blur(0.7)},
		"light on dark":           {negative},
		"light on dark, turned":   {negative, turn(10, 1, white), blur(1)},
		"among other things":      {onDesk(1000, 900, 300, 200)},
		"in a corner of a screen": {onDesk(1920, 1080, 1450, 30)},
		"in a large photo":        {turn(7, 1, gray), onDesk(2600, 1800, 1500, 500), light(0.5, 1), noise(8)},
		"all at once": {
			project(750, 700, [4]point{{150, 110}, {620, 150}, {640, 590}, {120, 550}}, desk(750, 700)),
			contrast(30, 220), light(0.5, 1), blur(1), noise(6),
		},
	}
	square, err := QRCode(address, 430)
	require.NoError(t, err)
	blue, _ := round(t, address, Style{Width: 430, Line: lines["blue"], Transparent: true})
	for kind, picture := range map[string][]byte{"QR code": square, "Mini Program code": blue} {
		img, _, err := image.Decode(bytes.NewReader(picture))
		require.NoError(t, err)
		screen := luminance(img, image.White)
		for name, effects := range photos {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				read, err := Decode(asJPEG(t, photo(screen, effects...), 40))
				require.NoError(t, err)
				assert.Equal(t, address, read)
			})
		}
	}
}

func TestDecodeReadsAnyFormat(t *testing.T) {
	t.Parallel()
	_, img := round(t, address, Style{Width: 430, Line: lines["red"], Transparent: true})
	gray := luminance(img, image.White)
	wide := image.NewNRGBA64(image.Rect(100, 50, 530, 480)) // its bounds do not begin at zero
	draw.Draw(wide, wide.Rect, img, image.Point{}, draw.Src)
	encode := map[string]func(*bytes.Buffer) error{
		"GIF":                      func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) },
		"gray PNG":                 func(b *bytes.Buffer) error { return png.Encode(b, gray) },
		"PNG of 16 bits a channel": func(b *bytes.Buffer) error { return png.Encode(b, wide) },
	}
	for name, encode := range encode {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var picture bytes.Buffer
			require.NoError(t, encode(&picture))
			read, err := Decode(picture.Bytes())
			require.NoError(t, err)
			assert.Equal(t, address, read)
		})
	}
}

func TestDecodeReadsAnyColourOnTransparentGround(t *testing.T) {
	t.Parallel()
	for level := 0; level <= 255; level += 15 {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			t.Parallel()
			l := uint8(level)
			picture, _ := round(t, address, Style{Width: 430, Line: color.RGBA{R: l, G: l, B: l}, Transparent: true})
			read, err := Decode(picture)
			require.NoError(t, err)
			assert.Equal(t, address, read)
		})
	}
}

func TestDecodeRefusesWhatIsNoPicture(t *testing.T) {
	t.Parallel()
	picture, _ := round(t, address, Style{Width: 430})
	for name, data := range map[string][]byte{
		"nothing":    nil,
		"text":       []byte("wxfn://code/"),
		"PDF":        []byte("%PDF-1.7\n"),
		"header":     picture[:200],
		"half of it": picture[:len(picture)/2],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(data)
			assert.Equal(t, ErrNotPicture, err)
		})
	}
}

func TestDecodeLooksAtTheSizeFirst(t *testing.T) {
	t.Parallel()
	// The start of a PNG. There is nothing after it: what has the right size cannot be read.
	header := func(width, height uint32) []byte {
		chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
		chunk = binary.BigEndian.AppendUint32(chunk, height)
		chunk = append(chunk, 8, 2, 0, 0, 0)
		data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
		return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(chunk))
	}
	for _, tt := range []struct {
		width, height uint32
		want          error
	}{{8000, 5000, ErrNotPicture}, {8000, 5001, ErrTooLarge}, {1 << 20, 1 << 20, ErrTooLarge}, {1, 40_000_001, ErrTooLarge}} {
		t.Run(fmt.Sprint(tt.width, " by ", tt.height), func(t *testing.T) {
			t.Parallel()
			_, err := Decode(header(tt.width, tt.height))
			assert.Equal(t, tt.want, err)
		})
	}
}

func TestDecodeFindsNoCodeWhereNoneIs(t *testing.T) {
	t.Parallel()
	pictures := map[string]*image.Gray{
		"one pixel": plain(255),
		"white":     photo(image.NewGray(image.Rect(0, 0, 430, 430)), negative),
		"line":      image.NewGray(image.Rect(0, 0, 1600, 1)),
		"noise":     photo(image.NewGray(image.Rect(0, 0, 600, 400)), contrast(128, 128), noise(50)),
		"desk":      desk(1600, 1200),
	}
	for _, pixels := range []int{1, 2, 5} { // a module
		pictures[fmt.Sprintf("finder patterns of %d px a module", pixels)] = finderPatterns(600, pixels)
	}
	for name, img := range pictures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(asPNG(t, img))
			assert.Equal(t, ErrNoCode, err)
		})
	}
}

// finderPatterns is a picture full of these: 5,600 of one pixel a module, of which there are 29 billion triples.
func finderPatterns(width, module int) *image.Gray {
	pattern := strings.Fields("........ .#######. .#.....#. .#.###.#. .#.###.#. .#.###.#. .#.....#. .#######.")
	img := image.NewGray(image.Rect(0, 0, width, width))
	for y := range width {
		for x := range width {
			if pattern[y/module%8][x/module%8] == '.' {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return img
}

func FuzzDecode(f *testing.F) {
	for _, style := range []Style{{Width: 280}, {Width: 280, Line: lines["red"]}, {Width: 280, Transparent: true}} {
		picture, _ := round(f, address, style)
		f.Add(picture)
	}
	square, err := QRCode(address, 280)
	require.NoError(f, err)
	f.Add(square)
	f.Add(square[:1000])
	f.Add(asPNG(f, plain(0)))
	var picture bytes.Buffer
	require.NoError(f, gif.Encode(&picture, plain(0), nil))
	f.Add(picture.Bytes())
	f.Fuzz(func(t *testing.T, picture []byte) {
		t.Parallel()
		assertDecodes(t, picture)
	})
}

// FuzzDecodeOfAnyPixels gets past the formats' checks. Bytes are pixels, each drawn as a square of zoom pixels.
func FuzzDecodeOfAnyPixels(f *testing.F) {
	code, err := encode(address, 177)
	require.NoError(f, err)
	modules := bytes.Repeat([]byte{255}, (code.Size+8)*(code.Size+8))
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				modules[(y+4)*(code.Size+8)+x+4] = 0
			}
		}
	}
	f.Add(modules, code.Size+8, 1)
	f.Add(modules, code.Size+8, 4)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5 {
		broken := bytes.Clone(modules)
		for range 20 << i {
			broken[r.IntN(len(broken))] ^= 255
		}
		f.Add(broken, code.Size+8, 3)
		f.Add(broken, code.Size+9, 3)
	}
	f.Fuzz(func(t *testing.T, pixels []byte, width, zoom int) {
		t.Parallel()
		if width < 1 || zoom < 1 || zoom > 8 || len(pixels) > 10_000 {
			t.Skip()
		}
		height := len(pixels) / width
		img := image.NewGray(image.Rect(0, 0, width*zoom, height*zoom))
		if img.Rect.Empty() {
			t.Skip()
		}
		for i := range img.Pix {
			x, y := i%img.Stride, i/img.Stride
			img.Pix[i] = pixels[y/zoom*width+x/zoom]
		}
		assertDecodes(t, asPNG(t, img))
	})
}

func assertDecodes(t *testing.T, picture []byte) {
	t.Helper()
	content, err := Decode(picture)
	if err != nil {
		assert.Contains(t, []error{ErrNotPicture, ErrTooLarge, ErrNoCode}, err)
		assert.Empty(t, content)
	}
}

func BenchmarkDecode(b *testing.B) {
	opaque, _ := round(b, address, Style{Width: 430})
	transparent, _ := round(b, address, Style{Width: 430, Transparent: true})
	screen, _, err := image.Decode(bytes.NewReader(opaque))
	require.NoError(b, err)
	taken := photo(luminance(screen, image.White), turn(7, 2, plain(160)), onDesk(4000, 3000, 1500, 500), light(0.5, 1), noise(8))
	for name, picture := range map[string][]byte{
		"JPEG of 430 px":              opaque,
		"PNG of 430 px":               transparent,
		"photo of 12 MP":              asJPEG(b, taken, 80),
		"photo of 12 MP with no code": asJPEG(b, photo(desk(4000, 3000), noise(8)), 80),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Decode(picture)
			}
		})
	}
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, img))
	return out.Bytes()
}
