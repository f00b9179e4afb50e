package openapi

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Buffer is bytes that cross JSON as a Node Buffer does: {"type":"Buffer","data":[255,216]}. It is how a picture travels
// in a function's result or event, between Go and Node.
type Buffer []byte

var (
	bufferHead = []byte(`{"type":"Buffer","data":[`)
	bufferTail = []byte(`]}`)
)

// MarshalJSON returns the JSON of a Node Buffer.
func (b Buffer) MarshalJSON() ([]byte, error) {
	text := make([]byte, 0, len(bufferHead)+len(b)*4+len(bufferTail))
	text = append(text, bufferHead...)
	for i, x := range b {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(x), 10)
	}
	return append(text, bufferTail...), nil
}

// UnmarshalJSON reads the JSON of a Node Buffer, or null.
func (b *Buffer) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*b = nil
		return nil
	}
	// Node writes no spaces, and that form is read without a detour.
	if list, ok := bytes.CutPrefix(text, bufferHead); ok {
		if list, ok = bytes.CutSuffix(list, bufferTail); ok && b.parse(list) == nil {
			return nil
		}
	}
	var node struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(text, &node); err != nil || node.Type != "Buffer" || len(node.Data) < 2 || node.Data[0] != '[' {
		return fmt.Errorf(`openapi.Buffer: want {"type":"Buffer","data":[…]}, got %.40s`, text)
	}
	return b.parse(node.Data[1 : len(node.Data)-1])
}

// parse reads the numbers of a list.
func (b *Buffer) parse(list []byte) error {
	out := make([]byte, 0, len(list)/3+1)
	list = bytes.TrimSpace(list)
	for more := len(list) > 0; more; {
		n, digits := 0, 0
		for ; digits < len(list) && '0' <= list[digits] && list[digits] <= '9' && n <= 255; digits++ {
			n = 10*n + int(list[digits]-'0')
		}
		rest := bytes.TrimLeft(list[digits:], " \t\r\n")
		if more = len(rest) > 0 && rest[0] == ','; more {
			rest = bytes.TrimLeft(rest[1:], " \t\r\n")
		}
		if digits == 0 || n > 255 || !more && len(rest) > 0 {
			return fmt.Errorf("openapi.Buffer: data[%d]: %.20q is no byte", len(out), list)
		}
		out = append(out, byte(n))
		list = rest
	}
	*b = out
	return nil
}

// Image is what an API that answers with bytes returns; its JSON is that of the official SDK, in the same order.
type Image struct {
	// ContentType is the MIME type of Buffer, such as "image/jpeg".
	ContentType string `json:"contentType"`
	Buffer      Buffer `json:"buffer"`
	// ErrMsg is "openapi.<name>:ok".
	ErrMsg string `json:"errMsg"`
	// ErrCode is 0.
	ErrCode int `json:"errCode"`
}

// Media is a parameter of bytes: a picture to check, say.
type Media struct {
	// ContentType is the MIME type of Value, such as "image/png".
	ContentType string `json:"contentType"`
	Value       Buffer `json:"value"`
	// FileName is optional; it is made of the parameter's name and the type if empty ("media.png").
	FileName string `json:"fileName,omitempty"`
}

// asMedia reports whether a parameter's JSON is a media value, in Go's or in JavaScript's form.
func asMedia(text []byte) (Media, bool) {
	if !bytes.Contains(text, []byte(`"Buffer"`)) {
		return Media{}, false
	}
	var m struct {
		Media
		SnakeContentType string `json:"content_type"`
	}
	if json.Unmarshal(text, &m) != nil || m.Value == nil {
		return Media{}, false
	}
	if m.ContentType == "" {
		m.ContentType = m.SnakeContentType
	}
	return m.Media, m.ContentType != ""
}

// holdFiles returns params with a mark in place of the bytes of each [Media], and the bytes by mark: they go out as they
// are, and as JSON a file of 10 MB would be 36 MB on its way to there. Media that it does not find go that way.
func holdFiles(params any) (marked any, held map[string]Buffer) {
	v := reflect.ValueOf(params)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() || reflect.PointerTo(v.Type()).Implements(reflect.TypeFor[json.Marshaler]()) {
		return params, nil
	}
	held = map[string]Buffer{}
	switch values, isMap := v.Interface().(map[string]any); {
	case isMap:
		values = maps.Clone(values)
		for name, value := range values {
			values[name] = hold(value, held)
		}
		marked = values
	case v.Kind() == reflect.Struct:
		marked = holdFields(v, held)
	}
	if len(held) == 0 {
		return params, nil
	}
	return marked, held
}

// holdFields returns a struct in which the bytes of its fields are marks. Only one that has such fields is copied.
func holdFields(v reflect.Value, held map[string]Buffer) any {
	marked := v
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case !field.IsExported() || field.Anonymous: // the fields of an embedded one are not a file
		case field.Type == reflect.TypeFor[Media](), field.Type == reflect.TypeFor[*Media](), field.Type == reflect.TypeFor[any]():
			before := len(held)
			value := hold(v.Field(i).Interface(), held)
			if len(held) == before {
				continue
			}
			if before == 0 {
				marked = reflect.New(v.Type()).Elem()
				marked.Set(v)
			}
			marked.Field(i).Set(reflect.ValueOf(value))
		}
	}
	if len(held) == 0 {
		return nil
	}
	return marked.Interface()
}

// hold returns value with a mark in place of its bytes, if it is media.
func hold(value any, held map[string]Buffer) any {
	var m Media
	pointer, isPointer := value.(*Media)
	if isPointer && pointer != nil {
		m = *pointer
	} else {
		m, _ = value.(Media)
	}
	if len(m.Value) == 0 || m.ContentType == "" {
		return value // not one that goes out as bytes: see asMedia
	}
	mark := rand.Text()
	held[mark], m.Value = m.Value, Buffer(mark)
	if isPointer {
		return &m
	}
	return m
}

func (m *Media) pair(name string) tcb.KeyValuePair {
	file := m.FileName
	if file == "" {
		file = name + "." + fileExtension(m.ContentType)
	}
	return tcb.KeyValuePair{Key: name, Value: m.Value, ContentType: m.ContentType, Filename: file}
}

// fileExtension returns the extension of a MIME type. The official SDK, too, calls a type that it does not know "png".
func fileExtension(contentType string) string {
	if e, ok := extensions[contentType]; ok {
		return e
	}
	return "png"
}

// extensions holds what the official SDK's table (mime-db) gives for the types that APIs take.
var extensions = map[string]string{
	"application/octet-stream": "bin",
	"application/pdf":          "pdf",
	"application/zip":          "zip",
	"audio/amr":                "amr",
	"audio/mp3":                "mp3",
	"audio/mp4":                "m4a",
	"audio/mpeg":               "mpga",
	"audio/wav":                "wav",
	"image/bmp":                "bmp",
	"image/gif":                "gif",
	"image/heic":               "heic",
	"image/jpeg":               "jpeg",
	"image/png":                "png",
	"image/svg+xml":            "svg",
	"image/tiff":               "tif",
	"image/webp":               "webp",
	"text/plain":               "txt",
	"video/mp4":                "mp4",
	"video/quicktime":          "qt",
}
