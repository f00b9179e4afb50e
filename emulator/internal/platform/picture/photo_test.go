package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// An effect is something that happens to a picture on its way from one screen to another's camera.
type effect func(*image.Gray) *image.Gray

// photo applies effects in their order.
func photo(img *image.Gray, effects ...effect) *image.Gray {
	for _, e := range effects {
		img = e(img)
	}
	return img
}

// A point is a place in a picture.
type point struct{ x, y float64 }

// project shows a picture in the quadrilateral that to says: the places of its corners, clockwise from the top left,
// in a picture of width by height pixels that is otherwise ground.
func project(width, height int, to [4]point, ground *image.Gray) effect {
	return func(img *image.Gray) *image.Gray {
		// From the unit square to a quadrilateral, after Heckbert; and then the inverse of that.
		d1, d2 := point{to[1].x - to[2].x, to[1].y - to[2].y}, point{to[3].x - to[2].x, to[3].y - to[2].y}
		s := point{to[0].x - to[1].x + to[2].x - to[3].x, to[0].y - to[1].y + to[2].y - to[3].y}
		det := d1.x*d2.y - d1.y*d2.x
		g, h := (s.x*d2.y-s.y*d2.x)/det, (d1.x*s.y-d1.y*s.x)/det
		a, b, c := to[1].x-to[0].x+g*to[1].x, to[3].x-to[0].x+h*to[3].x, to[0].x
		d, e, f := to[1].y-to[0].y+g*to[1].y, to[3].y-to[0].y+h*to[3].y, to[0].y
		inverse := [9]float64{
			e - f*h, c*h - b, b*f - c*e,
			f*g - d, a - c*g, c*d - a*f,
			d*h - e*g, b*g - a*h, a*e - b*d,
		}
		out := image.NewGray(image.Rect(0, 0, width, height))
		w, l := float64(img.Rect.Dx()), float64(img.Rect.Dy())
		const samples = 2 // of a pixel, in both directions
		for i := range out.Pix {
			x, y := i%width, i/width
			sum := 0.0
			for s := range samples * samples {
				px, py := float64(x)+(float64(s%samples)+0.5)/samples, float64(y)+(float64(s/samples)+0.5)/samples
				z := inverse[6]*px + inverse[7]*py + inverse[8]
				u, v := (inverse[0]*px+inverse[1]*py+inverse[2])/z, (inverse[3]*px+inverse[4]*py+inverse[5])/z
				if u < 0 || v < 0 || u >= 1 || v >= 1 {
					sum += float64(at(ground, x%ground.Rect.Dx(), y%ground.Rect.Dy()))
				} else {
					sum += between(img, u*w-0.5, v*l-0.5)
				}
			}
			out.Pix[i] = uint8(math.Round(sum / (samples * samples)))
		}
		return out
	}
}

// between is what is at a place between four pixels.
func between(img *image.Gray, x, y float64) float64 {
	left, top := math.Floor(x), math.Floor(y)
	x, y = x-left, y-top
	i, j := int(left), int(top)
	return (float64(at(img, i, j))*(1-x)+float64(at(img, i+1, j))*x)*(1-y) +
		(float64(at(img, i, j+1))*(1-x)+float64(at(img, i+1, j+1))*x)*y
}

// at is a pixel; beyond the edges of a picture it is as at the edges.
func at(img *image.Gray, x, y int) uint8 {
	return img.Pix[min(max(y, 0), img.Rect.Dy()-1)*img.Stride+min(max(x, 0), img.Rect.Dx()-1)]
}

// turn rotates a picture and scales it, in a picture that is large enough.
func turn(degrees, scale float64, ground *image.Gray) effect {
	return func(img *image.Gray) *image.Gray {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		w, h := float64(img.Rect.Dx())*scale, float64(img.Rect.Dy())*scale
		width, height := int(math.Ceil(math.Abs(w*cos)+math.Abs(h*sin)-1e-6)), int(math.Ceil(math.Abs(w*sin)+math.Abs(h*cos)-1e-6))
		var to [4]point
		for i, p := range []point{{-w, -h}, {w, -h}, {w, h}, {-w, h}} {
			to[i] = point{(p.x*cos-p.y*sin)/2 + float64(width)/2, (p.x*sin+p.y*cos)/2 + float64(height)/2}
		}
		return project(width, height, to, ground)(img)
	}
}

// blur is Gaussian; sigma is in pixels.
func blur(sigma float64) effect {
	return func(img *image.Gray) *image.Gray {
		n := int(math.Ceil(3 * sigma))
		kernel := make([]float64, 2*n+1)
		total := 0.0
		for i := range kernel {
			kernel[i] = math.Exp(-float64((i-n)*(i-n)) / (2 * sigma * sigma))
			total += kernel[i]
		}
		pass := func(img *image.Gray, dx, dy int) *image.Gray {
			out := image.NewGray(img.Rect)
			for i := range out.Pix {
				x, y := i%out.Stride, i/out.Stride
				sum := 0.0
				for k, weight := range kernel {
					sum += weight / total * float64(at(img, x+(k-n)*dx, y+(k-n)*dy))
				}
				out.Pix[i] = uint8(math.Round(sum))
			}
			return out
		}
		return pass(pass(img, 1, 0), 0, 1)
	}
}

// noise is Gaussian too.
func noise(sigma float64) effect {
	return eachPixel(func(r *rand.Rand, _, _, v float64) float64 { return v + r.NormFloat64()*sigma })
}

// light falls from the left: a picture is as bright as it says at the left edge, at the right edge, and linearly between.
func light(left, right float64) effect {
	return eachPixel(func(_ *rand.Rand, x, _, v float64) float64 { return v * (left + (right-left)*x) })
}

// glare is the reflection of a lamp.
func glare(cx, cy, radius, strength float64) effect {
	return eachPixel(func(_ *rand.Rand, x, y, v float64) float64 {
		return v + strength*math.Exp(-((x-cx)*(x-cx)+(y-cy)*(y-cy))/(radius*radius))
	})
}

// contrast is what a dim or washed-out screen has.
func contrast(black, white float64) effect {
	return eachPixel(func(_ *rand.Rand, _, _, v float64) float64 { return black + v/255*(white-black) })
}

// moire is what the pixels of a screen do to those of a camera.
func moire(period, strength float64) effect {
	return func(img *image.Gray) *image.Gray {
		w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
		return eachPixel(func(_ *rand.Rand, x, y, v float64) float64 {
			return v + strength*math.Sin(2*math.Pi*(x*w+0.3*y*h)/period)*math.Sin(2*math.Pi*(y*h-0.3*x*w)/period)
		})(img)
	}
}

// eachPixel gets places from 0 to 1.
func eachPixel(f func(r *rand.Rand, x, y, v float64) float64) effect {
	return func(img *image.Gray) *image.Gray {
		r := rand.New(rand.NewPCG(1, 2))
		out := image.NewGray(img.Rect)
		for i := range out.Pix {
			x, y := i%out.Stride, i/out.Stride
			v := f(r, float64(x)/float64(img.Rect.Dx()), float64(y)/float64(img.Rect.Dy()), float64(at(img, x, y)))
			out.Pix[i] = uint8(math.Round(min(max(v, 0), 255)))
		}
		return out
	}
}

// negative is light on dark.
func negative(img *image.Gray) *image.Gray { return contrast(255, 0)(img) }

// onDesk puts a picture in a larger one, of width by height pixels, full of other things.
func onDesk(width, height, left, top int) effect {
	return func(img *image.Gray) *image.Gray {
		out := desk(width, height)
		draw.Draw(out, img.Rect.Add(image.Pt(left, top)), img, image.Point{}, draw.Src)
		return out
	}
}

// desk is full of boxes, and papers with print.
func desk(width, height int) *image.Gray {
	r := rand.New(rand.NewPCG(1, 2))
	out := image.NewGray(image.Rect(0, 0, width, height))
	box := func(x, y, w, h, v int) {
		draw.Draw(out, image.Rect(x, y, x+w, y+h), image.NewUniform(color.Gray{Y: uint8(v)}), image.Point{}, draw.Src)
	}
	box(0, 0, width, height, 160)
	for range 60 {
		box(r.IntN(width), r.IntN(height), r.IntN(width/4), r.IntN(height/4), r.IntN(256))
	}
	for range 30 {
		x, y, size := r.IntN(width), r.IntN(height), 4+r.IntN(16)
		box(x-4, y-4, 20*size+8, size+8, 240)
		for i := range 10 * size {
			if start := r.IntN(2 * size); start < size {
				box(x+2*i, y+start, 2, 1+r.IntN(size-start), 30)
			}
		}
	}
	return out
}

func plain(v uint8) *image.Gray {
	return &image.Gray{Pix: []byte{v}, Stride: 1, Rect: image.Rect(0, 0, 1, 1)}
}

// asJPEG is what a photo comes as.
func asJPEG(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}))
	return out.Bytes()
}
