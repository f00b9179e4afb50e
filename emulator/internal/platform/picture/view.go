package picture

import (
	"image"
	"iter"
)

// usualSide is how many pixels wide and high a picture may be to be looked at as it is. A larger one is made smaller:
// in a photo a code is large, and in a smaller picture there is less noise, and less to look at.
const usualSide = 1500

// views returns the picture in different ways, one of which may show a code better than the others do.
func views(img *image.Gray) iter.Seq[*image.Gray] {
	return func(yield func(*image.Gray) bool) {
		usual := fit(img, usualSide)
		_ = yield(usual) &&
			yield(smooth(usual)) && // against noise, and the pixels of a screen
			yield(shrink(usual, 2)) && // against more of them, and blur
			yield(finer(img)) && // for small modules
			yield(middle(usual)) // inside of the ring of a Mini Program code there is nothing but a QR code
	}
}

// fit makes a picture as small as side, or smaller.
func fit(img *image.Gray, side int) *image.Gray {
	return shrink(img, (max(img.Rect.Dx(), img.Rect.Dy())+side-1)/side)
}

// finer makes twice as much of a picture as fit(img, usualSide) does.
func finer(img *image.Gray) *image.Gray {
	if max(img.Rect.Dx(), img.Rect.Dy()) > usualSide {
		return fit(img, 2*usualSide)
	}
	return double(img)
}

// shrink makes n×n pixels one, their mean.
func shrink(img *image.Gray, n int) *image.Gray {
	if n <= 1 {
		return img
	}
	out := image.NewGray(image.Rect(0, 0, img.Rect.Dx()/n, img.Rect.Dy()/n))
	sums := make([]int, out.Rect.Dx())
	for y := range out.Rect.Dy() {
		clear(sums)
		for i := range n {
			line := img.Pix[(y*n+i)*img.Stride:]
			for x := range sums {
				for _, v := range line[x*n:][:n] {
					sums[x] += int(v)
				}
			}
		}
		for x, sum := range sums {
			out.Pix[y*out.Stride+x] = uint8(sum / (n * n))
		}
	}
	return out
}

// double makes one pixel 2×2, each a quarter of the way to the neighbours on its side.
func double(img *image.Gray) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, 2*w, 2*h))
	neighbour := func(i, n int) int { return min(max(i/2+i%2*2-1, 0), n-1) }
	for y := range 2 * h {
		near, far := img.Pix[y/2*img.Stride:], img.Pix[neighbour(y, h)*img.Stride:]
		for x := range 2 * w {
			i, j := x/2, neighbour(x, w)
			out.Pix[y*out.Stride+x] = uint8((9*int(near[i]) + 3*int(near[j]) + 3*int(far[i]) + int(far[j])) / 16)
		}
	}
	return out
}

// smooth makes every pixel the mean of itself and its eight neighbours.
func smooth(img *image.Gray) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		above, line, below := img.Pix[max(y-1, 0)*img.Stride:], img.Pix[y*img.Stride:], img.Pix[min(y+1, h-1)*img.Stride:]
		column := func(x int) int { return int(above[x]) + int(line[x]) + int(below[x]) }
		for x := range w {
			out.Pix[y*out.Stride+x] = uint8((column(max(x-1, 0)) + column(x) + column(min(x+1, w-1))) / 9)
		}
	}
	return out
}

// middle is five eighths of a picture in both directions: what codeSide is of a width.
func middle(img *image.Gray) *image.Gray {
	margin := img.Rect.Size().Mul(3).Div(16)
	return img.SubImage(image.Rectangle{img.Rect.Min.Add(margin), img.Rect.Max.Sub(margin)}).(*image.Gray)
}
