// Package picture draws the codes that the platform makes of Mini Program pages, and reads them from pictures.
package picture

import (
	"fmt"

	"rsc.io/qr/coding"
)

const (
	minWidth, maxWidth = 280, 1280 // pixels, the limits of the platform

	quietZone = 4 // modules of white that a QR code has on every side
	minModule = 2 // pixels; cameras do not resolve smaller ones
)

// QRCode draws content as a square QR code, as createQRCode does
// (https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/createQRCode.html):
// a grayscale baseline JPEG, exactly width pixels wide and high, 280 to 1280.
// All modules are squares of the same whole number of pixels, the code is centred,
// and a quiet zone of at least four modules surrounds it.
// Error correction is of level M, or higher where that needs no larger code.
// The same arguments give the same bytes, on every machine.
//
// Empty content is an error, and so is content so long that modules would be smaller than two pixels:
// at level M, a width of 280 has room for 1190 bytes, and 370 or more for 2331.
func QRCode(content string, width int) ([]byte, error) {
	const kind = "QR code"
	if err := check(kind, content, width); err != nil {
		return nil, err
	}
	code, err := encode(content, width/minModule-2*quietZone)
	if err != nil {
		return nil, fmt.Errorf("%s of %d px: %w", kind, width, err)
	}
	return drawCode(code, width).jpeg(), nil
}

// check refuses what no kind of code can be.
func check(kind, content string, width int) error {
	if content == "" { // it could be encoded, but scanners take such a code for none
		return fmt.Errorf("%s: no content", kind)
	}
	if width < minWidth || width > maxWidth {
		return fmt.Errorf("%s: width is %d px, want %d to %d", kind, width, minWidth, maxWidth)
	}
	return nil
}

// encode finds the smallest code for content at level M, and the highest level that this size affords.
// The code has at most maxSize modules a side.
func encode(content string, maxSize int) (*coding.Code, error) {
	var text coding.Encoding = coding.String(content)
	for _, denser := range []coding.Encoding{coding.Num(content), coding.Alpha(content)} {
		if denser.Check() == nil {
			text = denser
			break
		}
	}
	fits := func(v coding.Version, l coding.Level) bool { return text.Bits(v) <= 8*v.DataBytes(l) }

	version, level := coding.Version(coding.MinVersion), coding.M
	for !fits(version, level) {
		if version++; version > coding.MaxVersion || 17+4*int(version) > maxSize {
			return nil, fmt.Errorf("no room for %d bytes of content", len(content))
		}
	}
	for level < coding.H && fits(version, level+1) {
		level++
	}
	return mask(version, level, text)
}

// drawCode puts code in the middle of a picture, with the largest modules that leave room for the quiet zone.
func drawCode(code *coding.Code, width int) bitmap {
	module := width / (code.Size + 2*quietZone)
	margin := (width - code.Size*module) / 2
	picture := newBitmap(width)
	for y := range code.Size {
		line := make([]byte, picture.stride())
		for x := range code.Size {
			if !code.Black(x, y) {
				continue
			}
			left := margin + x*module
			for px := left; px < left+module; px++ {
				line[px/8] |= 0x80 >> (px % 8)
			}
		}
		top := margin + y*module
		for py := top; py < top+module; py++ {
			picture[py] = line
		}
	}
	return picture
}
