package platform

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// read reads the parameters of the URL and of the body.
func (q *serverRequest) read() error {
	pairs := q.queryPairs()
	var err error
	if q.door.method == http.MethodPost {
		var inBody []tcb.KeyValuePair
		inBody, err = q.bodyPairs()
		pairs = append(pairs, inBody...)
	}
	q.Log.Params = apicall.New(q.Log.API, q.Log.Time, hideSecret(pairs)).Log.Params
	q.Add(pairs)
	return err
}

// secretParams are parameters that the journal may not show.
var secretParams = []string{"secret", "appsecret", "access_token", "cloudbase_access_token"}

func isSecret(name string) bool { return slices.Contains(secretParams, name) }

// hideSecret returns parameters as the journal may show them.
func hideSecret(pairs []tcb.KeyValuePair) []tcb.KeyValuePair {
	shown := slices.Clone(pairs)
	for i, pair := range shown {
		if isSecret(pair.Key) {
			shown[i].Value = apicall.Quote("[secret]")
		}
	}
	return shown
}

// elsewhere are parameters of the URL that are about the call, not of the API.
var elsewhere = []string{"access_token", "cloudbase_access_token", "from_appid"}

// queryPairs returns the parameters of the URL as JSON: a text, but for those that are to be something else.
func (q *serverRequest) queryPairs() (pairs []tcb.KeyValuePair) {
	for _, name := range slices.Sorted(maps.Keys(q.query)) {
		text := q.query.Get(name)
		if slices.Contains(elsewhere, name) {
			continue
		}
		value := apicall.Quote(text)
		if f, ok := q.field(name); ok && f.Type != catalog.String && f.Type != catalog.Any {
			switch {
			case text == "":
				continue
			case json.Valid([]byte(text)):
				value = []byte(text)
			}
		}
		if q.door.inBody(name) {
			q.Warn("%s is in the URL; in the cloud it has to be in the body", name)
		}
		pairs = append(pairs, tcb.KeyValuePair{Key: name, Value: value})
	}
	return pairs
}

// field returns the parameter of the API that has this name.
func (q *serverRequest) field(name string) (catalog.Field, bool) {
	if q.door.api == nil {
		return catalog.Field{}, false
	}
	fields := q.door.api.Params()
	i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == name })
	if i < 0 {
		return catalog.Field{}, false
	}
	return fields[i], true
}

func hasField(fields []catalog.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f catalog.Field) bool { return f.Name == name })
}

// inBody tells whether a parameter belongs into the body.
func (e *endpoint) inBody(name string) bool {
	if e.api != nil {
		return hasField(e.api.Request, name)
	}
	return e.method == http.MethodPost && !e.inURL
}

// bodyless tells whether a request needs no body: all is in the URL, or else it is a file that is missing.
func (q *serverRequest) bodyless() bool {
	return q.door.takesFile() || q.path == pathClearBySecret && q.query.Has("appid")
}

// namesPicture tells whether a picture is named in the URL in place of a file. The pages' examples call such an API by GET,
// too: curl https://api.weixin.qq.com/cv/ocr/comm?img_url=….
func (q *serverRequest) namesPicture() bool {
	return q.door.takesFile() && q.query.Get("img_url") != ""
}

// takesFile tells whether a parameter is a file, so that the body is a form of several parts.
func (e *endpoint) takesFile() bool {
	return e.api != nil && slices.ContainsFunc(e.api.Request, func(f catalog.Field) bool { return f.Type == catalog.File })
}

// bodyPairs returns the parameters of the body. What kind it is, its first bytes tell, whatever the header says: JSON
// travels under many names.
func (q *serverRequest) bodyPairs() ([]tcb.KeyValuePair, error) {
	if q.http.ContentLength > maxRequest {
		return nil, errDataFormat.Because("the body is larger than %d MB", maxRequest>>20)
	}
	body, err := io.ReadAll(io.LimitReader(q.http.Body, maxRequest+1))
	switch {
	case err != nil:
		return nil, errDataFormat.Because("the body broke off: %v", err)
	case len(body) > maxRequest:
		return nil, errDataFormat.Because("the body is larger than %d MB", maxRequest>>20)
	case len(bytes.TrimSpace(body)) == 0 && q.bodyless():
		return nil, nil
	case len(bytes.TrimSpace(body)) == 0:
		return nil, errEmptyBody.Because("%s takes its parameters from the body, as a JSON object", q.path)
	}
	q.body = body
	contentType, params, _ := mime.ParseMediaType(q.http.Header.Get("Content-Type"))
	switch {
	case q.door.takesFile() && contentType == "multipart/form-data":
		return formPairs(q, multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	case q.door.takesFile() && !isObject(body):
		return nil, errMediaMissing.Because("the body is no form; %s takes a file as multipart/form-data", q.path)
	}
	if q.path == pathInvoke {
		return nil, q.wantJSON(json.Valid(body)) // an event may be any value
	}
	if err := q.wantJSON(isObject(body)); err != nil {
		return nil, err
	}
	var pairs []tcb.KeyValuePair
	gjson.ParseBytes(body).ForEach(func(name, value gjson.Result) bool {
		if q.door.api != nil && hasField(q.door.api.Query, name.String()) {
			q.Warn("%s is in the body; in the cloud it has to be in the URL", name.String())
		}
		pairs = append(pairs, tcb.KeyValuePair{Key: name.String(), Value: []byte(value.Raw)})
		return true
	})
	return pairs, nil
}

func isObject(text []byte) bool { return json.Valid(text) && bytes.TrimSpace(text)[0] == '{' }

// wantJSON is the error about a body that is no JSON as it should be.
func (q *serverRequest) wantJSON(is bool) error {
	contentType, _, _ := mime.ParseMediaType(q.http.Header.Get("Content-Type"))
	encoding := q.http.Header.Get("Content-Encoding")
	switch {
	case encoding != "" && encoding != "identity" && !is:
		return errDataFormat.Because("the body is sent in the encoding %.20q; send it as it is", encoding)
	case !utf8.Valid(q.body):
		return errDataFormat.Because("the body is not UTF-8")
	case is:
		return nil
	case bytes.HasPrefix(q.body, []byte("\ufeff")):
		return errDataFormat.Because("the body begins with a byte order mark, which is no JSON")
	case contentType == "multipart/form-data", contentType == "application/x-www-form-urlencoded" && !bytes.ContainsAny(bytes.TrimSpace(q.body)[:1], "{["):
		return errDataFormat.Because("the body is a form; %s takes a JSON object", q.path)
	}
	return errDataFormat.Because("the body is no JSON object")
}

// maxParts bounds the parts of a form; each costs much more than its bytes.
const maxParts = 1000

// formPairs reads a form of several parts: files are those that have a file name.
func formPairs(q *serverRequest, form *multipart.Reader) (pairs []tcb.KeyValuePair, err error) {
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return pairs, nil
		}
		if err != nil {
			return nil, errMediaMissing.Because("the form cannot be read: %v", err)
		}
		if len(pairs) == maxParts {
			return nil, errDataFormat.Because("the form has more than %d parts", maxParts)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, errMediaMissing.Because("the form cannot be read: %v", err)
		}
		pair := tcb.KeyValuePair{Key: part.FormName(), Value: data, ContentType: part.Header.Get("Content-Type"), Filename: part.FileName()}
		if f, ok := q.field(pair.Key); pair.Filename == "" && (!ok || f.Type == catalog.String || f.Type == catalog.Any || !json.Valid(data)) {
			pair.Value = apicall.Quote(string(data))
		}
		pairs = append(pairs, pair)
	}
}
