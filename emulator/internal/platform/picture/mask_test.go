package picture

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"rsc.io/qr/coding"
)

func TestLookalikesAreWhatReadersTakeForFinderPatterns(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pattern string
		modules int // that are in the middle of what looks like a finder pattern
	}{
		"finder pattern": {`
			#######
			#.....#
			#.###.#
			#.###.#
			#.###.#
			#.....#
			#######`, 9},
		"a cross is enough": {`
			...#...
			.......
			...#...
			#.###.#
			...#...
			.......
			...#...`, 1},
		"two modules in the middle": {`
			..##..
			......
			#.##.#
			#.##.#
			......
			..##..`, 4},
		"one module in the middle": {`
			#####
			#...#
			#.#.#
			#...#
			#####`, 0},
		"five modules in the middle": {`
			#########
			#.......#
			#.#####.#
			#.#####.#
			#.#####.#
			#.#####.#
			#.#####.#
			#.......#
			#########`, 0},
		"thick frame": {`
			.........
			.#######.
			##.....##
			##.###.##
			##.###.##
			##.###.##
			##.....##
			.#######.
			.........`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code := &coding.Code{Size: 32, Stride: 4, Bitmap: make([]byte, 32*4)}
			for y, line := range strings.Fields(tt.pattern) {
				for x, c := range line {
					if c == '#' {
						px, py := x+13, y+13
						code.Bitmap[py*code.Stride+px/8] |= 0x80 >> (px % 8)
					}
				}
			}
			assert.Equal(t, tt.modules, lookalikes(code))
		})
	}
}

func TestCodesHaveNoLookalikes(t *testing.T) {
	t.Parallel()
	for i := range 500 {
		code, err := encode(fmt.Sprintf("wxfn://code/%016d/%d", i*i, i), 177)
		require.NoError(t, err)
		assert.Zero(t, lookalikes(code))
	}
}
