package cloudfn

import (
	"encoding/json"
	"math"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// pictureFor returns the picture that a result is, and its type, when the Accept
// headers prefer it to JSON. The result is read only where they speak of pictures.
func pictureFor(accept []string, result []byte) (contentType string, picture []byte) {
	if !slices.ContainsFunc(accept, func(line string) bool { return strings.Contains(strings.ToLower(line), "image/") }) {
		return "", nil
	}
	var image struct {
		ContentType string
		Buffer      struct {
			Type string
			Data []byte
		}
	}
	if json.Unmarshal(result, &image) != nil || image.Buffer.Type != "Buffer" || len(image.Buffer.Data) == 0 {
		return "", nil
	}
	t, _, err := mime.ParseMediaType(image.ContentType)
	if err != nil || !strings.HasPrefix(t, "image/") {
		return "", nil
	}
	wanted, _ := quality(accept, t)
	asJSON, named := quality(accept, "application/json")
	// Who names kinds of pictures, and then takes anything, means a picture.
	if wanted == 0 || wanted < asJSON || wanted == asJSON && named {
		return "", nil
	}
	return image.ContentType, image.Buffer.Data
}

// quality returns how much Accept headers want a type: from 0, not at all, to 1, and
// whether they name it, or its kind. What names it best counts.
// https://www.rfc-editor.org/rfc/rfc9110.html#name-accept
func quality(accept []string, contentType string) (q float64, named bool) {
	main, _, _ := strings.Cut(contentType, "/")
	ranges := []string{"*/*", main + "/*", contentType} // the best last
	best := -1
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		t, params, err := mime.ParseMediaType(part)
		i := slices.Index(ranges, t)
		if err != nil || i < best || i < 0 {
			continue
		}
		weight := 1.0
		if text, ok := params["q"]; ok {
			if weight, err = strconv.ParseFloat(text, 64); err != nil || math.IsNaN(weight) {
				continue
			}
		}
		if i > best || weight > q {
			best, q = i, weight
		}
	}
	return q, best > 0
}
