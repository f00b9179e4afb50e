package openapi

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// response is what came back over HTTPS, whoever answered: WeChat, or a proxy on the way.
type response struct {
	status      int
	contentType string
	body        []byte
	secret      secret
	private     bool   // the answer is as secret
	hint        string // what an unexpected answer may mean
}

// answer returns the response as the answer of an API, in the form in which the admin endpoint hands it on. The error is
// an *Error where the platform answered one. What kind of an answer it is, the bytes tell, and the content type only where
// they do not: an error comes as image/jpeg, and a picture as application/json.
func (r *response) answer(name, path string) (*tcb.CommOpenAPIResp, error) {
	found := http.DetectContentType(r.body)
	contentType := cmp.Or(r.contentType, found)
	asText := tcb.IsJSON(contentType) || strings.HasPrefix(contentType, "text/")
	text := bytes.TrimSpace(r.body)
	switch {
	case len(text) == 0:
		return nil, r.unusable("is empty")
	case text[0] == '{':
		return r.jsonAnswer(name, path, text)
	case r.status != http.StatusOK:
		return nil, r.unusable("is not an API's")
	case found == "image/jpeg" && !wholeJPEG(r.body), found == "image/png" && !wholePNG(r.body):
		return nil, r.unusable("is a picture without its end")
	case asText && strings.HasPrefix(found, "image/"):
		contentType = found
	case asText, strings.HasPrefix(contentType, "image/") && strings.HasPrefix(found, "text/"):
		return nil, r.unusable("is neither a JSON object nor bytes")
	}
	return &tcb.CommOpenAPIResp{RespData: r.body, ContentType: contentType}, nil
}

func (r *response) jsonAnswer(name, path string, text []byte) (*tcb.CommOpenAPIResp, error) {
	var head struct {
		ErrCode json.RawMessage `json:"errcode"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, r.unusable("is JSON that is broken or breaks off")
	}
	answer := &tcb.CommOpenAPIResp{RespData: text, ContentType: jsonType}
	if head.ErrCode != nil && string(head.ErrCode) != "0" {
		if o, err := parseObject(r.secret.hide(text)); err == nil {
			if failed, ok := errors.AsType[*Error](o.failure(name)); ok {
				if failed.Advice == "" {
					failed.Advice = adviceFor(failed.ErrCode, path)
				}
				return nil, failed
			}
		}
	}
	if r.status != http.StatusOK {
		return nil, r.unusable("is not an API's")
	}
	return answer, nil
}

// unusable is the error about an answer that is none.
func (r *response) unusable(what string) error {
	const words = 120
	said := ""
	if first := bytes.TrimSpace(r.secret.hide(r.body[:min(len(r.body), 8<<10)])); len(first) > 0 && !r.private {
		said = fmt.Sprintf(": %.*q", words, first)
	}
	kind := ""
	if r.contentType != "" {
		kind = ", " + r.contentType
	}
	return fmt.Errorf("the answer %s (status %d %s%s)%s%s", what, r.status, http.StatusText(r.status), kind, said, r.hint)
}

// wholePNG reports whether a PNG has its last chunk.
func wholePNG(b []byte) bool { return bytes.Contains(b, []byte("IEND\xaeB`\x82")) }

// wholeJPEG reports whether a JPEG has the marker of its end. It is looked for behind the header, which may hold another,
// smaller JPEG; what follows it is of no account.
func wholeJPEG(b []byte) bool {
	const startOfScan, endOfImage = 0xda, 0xd9
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		kind, length := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if kind == endOfImage {
			return true
		}
		if kind == 0xff { // filling
			b = b[1:]
			continue
		}
		if 2+length > len(b) {
			return false
		}
		b = b[2+length:]
		if kind == startOfScan {
			break
		}
	}
	return bytes.Contains(b, []byte{0xff, endOfImage})
}
