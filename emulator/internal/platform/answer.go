package platform

import (
	"bytes"
	"cmp"
	"image"
	"image/jpeg"
	"maps"
	"strings"
	"sync"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// defaultAnswer is what an API answers whose effect is not emulated: every field of its response, with a value that has the
// right type and tells which field it is.
func (p *Platform) defaultAnswer(c *apicall.Call) (*apicall.Result, error) {
	if c.API == nil {
		return apicall.OK(nil), nil
	}
	if c.API.Binary {
		return &apicall.Result{ContentType: "image/jpeg", Body: blank()}, nil
	}
	fields := p.sample(c, c.API.Response)
	if c.Enveloped {
		// The page's tables have the fields at the top, its examples in Response.
		fields["Response"] = maps.Clone(fields)
	}
	return apicall.OK(fields), nil
}

func (p *Platform) sample(c *apicall.Call, fields []catalog.Field) map[string]any {
	object := map[string]any{}
	for _, f := range fields {
		object[f.Name] = p.sampleOf(c, f)
	}
	return object
}

func (p *Platform) sampleOf(c *apicall.Call, f catalog.Field) any {
	switch f.Type {
	case catalog.Object:
		return p.sample(c, f.Fields)
	case catalog.Objects:
		return []any{p.sample(c, f.Fields)}
	case catalog.Numbers:
		return []int{1}
	case catalog.Array:
		if f.Of == "" {
			return []any{}
		}
		f.Type = f.Of
		return []any{p.sampleOf(c, f)}
	case catalog.Boolean:
		return true
	case catalog.Number:
		switch {
		case f.Float:
			return 0.5
		case f.Name == "errcode":
			return 0
		case strings.HasSuffix(f.Name, "_time"), strings.HasSuffix(f.Name, "timestamp"):
			return p.Now().Unix()
		}
		return 1
	}
	switch f.Name {
	case "errmsg":
		return "ok"
	case "openid":
		return cmp.Or(c.Caller.OpenID, f.Name) // nobody calls a function where a server calls
	case "appid":
		return c.AppID
	}
	return f.Name
}

// blank returns a small white picture, the answer of APIs that answer with a file.
var blank = sync.OnceValue(func() []byte {
	picture := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, picture, nil) // into memory
	return b.Bytes()
})
