package picture

import "rsc.io/qr/coding"

// mask encodes text with the mask that leaves the fewest places that look like finder patterns, the first of equals.
//
// Readers undo any mask. But they look for finder patterns first, and a fourth one misleads them:
// with the same mask for all codes, gozxing, and so what else comes from ZXing, misses up to one in a hundred.
// The standard's rules for the choice are about this too, but they weigh it against an even look,
// and need all eight masks where this mostly needs one or two.
func mask(version coding.Version, level coding.Level, text coding.Encoding) (best *coding.Code, err error) {
	fewest := 0
	for m := range coding.Mask(8) {
		plan, err := coding.NewPlan(version, level, m)
		if err != nil {
			return nil, err
		}
		code, err := plan.Encode(text)
		if err != nil {
			return nil, err
		}
		if n := lookalikes(code); best == nil || n < fewest {
			best, fewest = code, n
		}
		if fewest == 0 {
			break
		}
	}
	return best, nil
}

// lookalikes counts modules that could be in the middle of a finder pattern but are not.
func lookalikes(code *coding.Code) (count int) {
	const finder = 7
	for y := range code.Size {
		for x := range code.Size {
			left, right := x < finder, x >= code.Size-finder
			top, bottom := y < finder, y >= code.Size-finder
			if top && (left || right) || bottom && left {
				continue
			}
			if isMiddle(code, x, y, 1, 0) && isMiddle(code, x, y, 0, 1) {
				count++
			}
		}
	}
	return count
}

// isMiddle looks along one axis for what a finder pattern has on each: black, white and black modules as 1:1:3:1:1.
// Readers are not strict about the 3.
func isMiddle(code *coding.Code, x, y, dx, dy int) bool {
	black := func(i int) bool { return code.Black(x+i*dx, y+i*dy) }
	if !black(0) {
		return false
	}
	from, to := 0, 0
	for black(from - 1) {
		from--
	}
	for black(to + 1) {
		to++
	}
	length := to - from + 1
	return 2 <= length && length <= 4 &&
		!black(from-1) && black(from-2) && !black(from-3) &&
		!black(to+1) && black(to+2) && !black(to+3)
}
