package tcb

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// authorizationParam holds the v2 signature, that of wx-server-sdk 0.8 to 2.0 and tcb-admin-node.
const authorizationParam = "authorization"

// authorizationV2 is the parsed v2 signature.
type authorizationV2 struct {
	secretID, signTime, keyTime string
	params                      []string // lower-cased names, in the order of signing
	headers                     []string
	signature                   string
}

func parseAuthorizationV2(s string) (authorizationV2, error) {
	var a authorizationV2
	var sha1Algorithm bool
	for part := range strings.SplitSeq(s, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "q-sign-algorithm":
			sha1Algorithm = value == "sha1"
		case "q-ak":
			a.secretID = value
		case "q-sign-time":
			a.signTime = value
		case "q-key-time":
			a.keyTime = value
		case "q-header-list":
			a.headers = splitList(value)
		case "q-url-param-list":
			a.params = splitList(value)
		case "q-signature":
			a.signature = value
		}
	}
	if !sha1Algorithm || a.secretID == "" || a.signature == "" || a.keyTime == "" {
		return a, fmt.Errorf("%w: the parameter authorization needs q-sign-algorithm=sha1, q-ak, q-key-time and q-signature", ErrNoSignature)
	}
	if repeats(a.params) || repeats(a.headers) {
		return a, fmt.Errorf("%w: q-url-param-list or q-header-list repeats a name", ErrNoSignature)
	}
	return a, nil
}

func splitList(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ";")
}

func (q *Request) verifyV2(r *http.Request, authorization string, now time.Time, secretKey func(string) (string, bool)) error {
	a, err := parseAuthorizationV2(authorization)
	if err != nil {
		return err
	}
	key, ok := secretKey(a.secretID)
	if !ok {
		return ErrUnknownSecretID
	}
	from, until, ok := parsePeriod(a.signTime)
	if !ok {
		return fmt.Errorf("%w: q-sign-time must be two Unix times in seconds, as 1767323044;1767323944", ErrNoSignature)
	}
	if now.Before(from) || now.After(until) {
		return ErrSignatureTime
	}
	if !hmac.Equal([]byte(a.signature), []byte(a.compute(r, q.params, key))) {
		return ErrSignature
	}
	return nil
}

// parsePeriod parses "<from>;<until>" in Unix seconds.
func parsePeriod(s string) (from, until time.Time, ok bool) {
	a, b, _ := strings.Cut(s, ";")
	begin, err := strconv.ParseInt(a, 10, 64)
	end, err2 := strconv.ParseInt(b, 10, 64)
	return time.Unix(begin, 0), time.Unix(end, 0), err == nil && err2 == nil
}

func (a authorizationV2) compute(r *http.Request, params []param, secretKey string) string {
	request := sha1.New()
	io.WriteString(request, strings.ToLower(r.Method)+"\n"+r.URL.Path+"\n")
	byName := bySignedName(params)
	pairs := pairWriter{w: request}
	for _, name := range a.params {
		if p, ok := byName[escape(name)]; ok {
			pairs.write(name, p.textV2())
		}
	}
	io.WriteString(request, "\n")
	pairs = pairWriter{w: request}
	for _, name := range a.headers {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		pairs.write(name, value)
	}
	io.WriteString(request, "\n")

	signKey := hexMAC(secretKey, a.keyTime)
	return hexMAC(signKey, fmt.Sprintf("sha1\n%s\n%x\n", a.signTime, request.Sum(nil)))
}

// textV2 returns the value as v2 signs it: untrimmed, and null as an empty text.
func (p param) textV2() string {
	if p.isNull() {
		return ""
	}
	return string(p.value)
}

// pairWriter writes name=value, percent-encoded and joined by "&".
type pairWriter struct {
	w         io.Writer
	separator string
}

func (p *pairWriter) write(name, value string) {
	io.WriteString(p.w, p.separator+escape(name)+"="+escape(value))
	p.separator = "&"
}

func hexMAC(key, text string) string {
	mac := hmac.New(sha1.New, []byte(key))
	io.WriteString(mac, text)
	return hex.EncodeToString(mac.Sum(nil))
}
