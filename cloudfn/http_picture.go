package cloudfn

import (
	"encoding/json"
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
	if err != nil || !strings.HasPrefix(t, "image/") || quality(accept, t) <= quality(accept, "application/json") {
		return "", nil
	}
	return image.ContentType, image.Buffer.Data
}

// quality returns how much Accept headers want a type: from 0, not at all, to 1. What
// names it best counts.
// https://www.rfc-editor.org/rfc/rfc9110.html#name-accept
func quality(accept []string, contentType string) float64 {
	main, _, _ := strings.Cut(contentType, "/")
	ranges := []string{"*/*", main + "/*", contentType} // the best last
	best, q := -1, 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		t, params, err := mime.ParseMediaType(part)
		i := slices.Index(ranges, t)
		if err != nil || i < best || i < 0 {
			continue
		}
		weight := 1.0
		if text, ok := params["q"]; ok {
			if weight, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		if i > best || weight > q {
			best, q = i, weight
		}
	}
	return q
}
