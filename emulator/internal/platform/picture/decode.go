package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // image.Decode reads what is imported: this, and the formats that the package writes
	"iter"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// The errors of Decode.
var (
	ErrNotPicture = errors.New("not a picture that can be read; use JPEG, PNG or GIF")
	ErrTooLarge   = fmt.Errorf("the picture is too large; it may have %d megapixels", maxPixels/1_000_000)
	ErrNoCode     = errors.New("no QR code found in the picture")
)

// maxPixels is what the cameras of phones have, bar the largest. To decode a pixel takes up to 16 bytes.
const maxPixels = 40_000_000

// Decode returns the content of the QR code in a picture that someone has: a JPEG, PNG or GIF (its first frame),
// be it made by this package, a screenshot, or a photo of a screen.
// The code may be turned any way, mirrored, a little skewed, blurred, noisy, unevenly lit, among other things,
// dark on light or light on dark, in any two colours of different luminance, or of any colour on transparent ground.
// It should be a tenth as wide as the picture or more. Of several codes, any may be read.
//
// The error is ErrNotPicture, ErrTooLarge (more than 40 megapixels) or ErrNoCode.
// To limit the number of bytes is up to the caller.
func Decode(picture []byte) (content string, err error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return "", ErrNotPicture
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return "", ErrTooLarge
	}
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", ErrNotPicture
	}
	for gray := range grays(img) {
		for view := range views(gray) {
			for _, r := range readings {
				if content, err := r.read(view); err == nil {
					return content, nil
				}
			}
		}
	}
	return "", ErrNoCode
}

// grays returns the luminance of img: on white, and then on black if anything in it is transparent,
// as a light code cannot be seen on the one, and a dark code on the other.
func grays(img image.Image) iter.Seq[*image.Gray] {
	return func(yield func(*image.Gray) bool) {
		switch img := img.(type) {
		case *image.Gray:
			yield(img)
		case *image.YCbCr: // as most JPEGs are
			yield(&image.Gray{Pix: img.Y, Stride: img.YStride, Rect: img.Rect})
		default:
			opaque, ok := img.(interface{ Opaque() bool })
			_ = yield(luminance(img, image.White)) && ok && !opaque.Opaque() && yield(luminance(img, image.Black))
		}
	}
}

// luminance draws img on a ground, line by line: in colours, all of it at once could take much memory.
func luminance(img, ground image.Image) *image.Gray {
	size := img.Bounds().Size()
	gray := image.NewGray(image.Rectangle{Max: size})
	line := image.NewRGBA(image.Rect(0, 0, size.X, 1))
	for y := range size.Y {
		draw.Draw(line, line.Rect, ground, image.Point{}, draw.Src)
		draw.Draw(line, line.Rect, img, img.Bounds().Min.Add(image.Pt(0, y)), draw.Over)
		for x := range size.X {
			p := line.Pix[4*x:]
			gray.Pix[y*gray.Stride+x], _, _ = color.RGBToYCbCr(p[0], p[1], p[2])
		}
	}
	return gray
}

// A reading is one of gozxing's ways to look for a code.
type reading struct {
	binarizer func(gozxing.LuminanceSource) gozxing.Binarizer
	inverted  bool
	hint      gozxing.DecodeHintType
}

// readings are made of every view, in this order.
var readings = []reading{
	{gozxing.NewHybridBinarizer, false, gozxing.DecodeHintType_TRY_HARDER},           // uneven light
	{gozxing.NewGlobalHistgramBinarizer, false, gozxing.DecodeHintType_TRY_HARDER},   // little contrast
	{gozxing.NewHybridBinarizer, true, gozxing.DecodeHintType_TRY_HARDER},            // light on dark
	{gozxing.NewGlobalHistgramBinarizer, false, gozxing.DecodeHintType_PURE_BARCODE}, // nothing but a code
}

// maxPoints is how many points in a picture may look like part of a code. Where there is one, there are hardly ten;
// but gozxing tries all triples of such points, and in a picture of a fine grid these would take it hours.
const maxPoints = 200

func (r reading) read(img *image.Gray) (content string, err error) {
	defer func() {
		if recover() != nil { // from the callback below, or a picture that gozxing does not expect
			err = ErrNoCode
		}
	}()
	size := img.Rect.Size()
	source, err := gozxing.NewPlanarYUVLuminanceSource(img.Pix, img.Stride, size.Y, 0, 0, size.X, size.Y, false)
	if err != nil {
		return "", err
	}
	if r.inverted {
		source = source.Invert()
	}
	bitmap, err := gozxing.NewBinaryBitmap(r.binarizer(source))
	if err != nil {
		return "", err
	}
	points := 0
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		r.hint: true,
		gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: gozxing.ResultPointCallback(func(gozxing.ResultPoint) {
			if points++; points > maxPoints {
				panic(ErrNoCode) // there is no other way to stop it
			}
		}),
	})
	if err != nil {
		return "", err
	}
	return result.GetText(), nil
}
