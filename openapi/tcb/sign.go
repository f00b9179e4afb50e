package tcb

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Credential is the key pair that signs requests, with the token that goes with a temporary pair.
type Credential struct {
	SecretID, SecretKey string
	// SessionToken is sent along, not signed with.
	SessionToken string
}

const (
	algorithm = "TC3-HMAC-SHA256"
	service   = "tcb"
	// Lifetime is how long a signature counts, before and after its timestamp.
	Lifetime = 600 * time.Second
)

// Errors of [Request.Verify]. ErrUnknownSecretID and ErrSignature mean that the caller is not who it says.
var (
	ErrNoSignature     = errors.New("the request carries no valid TC3-HMAC-SHA256 or v2 signature")
	ErrUnknownSecretID = errors.New("the signature's secretId is not this environment's; give init no secretId and secretKey in a cloud function")
	ErrSignatureTime   = errors.New("the signature has expired, or its time is in the future; set this machine's clock")
	ErrSignature       = errors.New("the signature does not match the request")
)

// authorization is the parsed Authorization header.
type authorization struct {
	secretID, date string
	params         []string // signed names, in the order of hashing
	headers        []string
	signature      string
}

func (a authorization) String() string {
	return algorithm + " Credential=" + a.secretID + "/" + a.date + "/" + service + "/tc3_request" +
		", SignedParams=" + strings.Join(a.params, ";") +
		", SignedHeaders=" + strings.Join(a.headers, ";") +
		", Signature=" + a.signature
}

func parseAuthorization(s string) (authorization, error) {
	var a authorization
	rest, ok := strings.CutPrefix(s, algorithm+" ")
	if !ok {
		return a, ErrNoSignature
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 4 || scope[2] != service || scope[3] != "tc3_request" {
				return a, fmt.Errorf("%w: Credential must be <secretId>/<date>/tcb/tc3_request", ErrNoSignature)
			}
			a.secretID, a.date = scope[0], scope[1]
		case "SignedParams":
			a.params = strings.Split(value, ";")
		case "SignedHeaders":
			a.headers = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	if a.secretID == "" || a.signature == "" || len(a.headers) == 0 {
		return a, fmt.Errorf("%w: it lacks Credential, SignedHeaders or Signature", ErrNoSignature)
	}
	if repeats(a.params) || repeats(a.headers) {
		return a, fmt.Errorf("%w: SignedParams or SignedHeaders repeats a name", ErrNoSignature)
	}
	return a, nil
}

// sign adds the signature's three headers to r, whose other headers are complete. All of them are signed.
func sign(r *http.Request, params []param, c Credential, now time.Time) {
	a := authorization{secretID: c.SecretID, date: now.UTC().Format(time.DateOnly), headers: []string{"host"}}
	for name := range r.Header {
		a.headers = append(a.headers, strings.ToLower(name))
	}
	slices.Sort(a.headers)
	a.params = signable(params)
	timestamp := strconv.FormatInt(now.Unix(), 10)
	a.signature = a.compute("post", r, a.hashParams(params), c.SecretKey, timestamp)
	r.Header.Set("Authorization", a.String())
	r.Header.Set("X-Signature-Expires", strconv.Itoa(int(Lifetime.Seconds())))
	r.Header.Set("X-Timestamp", timestamp)
}

// Verify checks the signature of the HTTP request r that q was parsed from: TC3-HMAC-SHA256 in the Authorization header,
// or the older v2 signature in the parameter authorization. secretKey returns the key of a secretId.
func (q *Request) Verify(r *http.Request, now time.Time, secretKey func(secretID string) (string, bool)) error {
	if r.Header.Get("Authorization") == "" {
		if i := slices.IndexFunc(q.params, func(p param) bool { return p.name == authorizationParam }); i >= 0 {
			return q.verifyV2(r, string(q.params[i].value), now, secretKey)
		}
	}
	a, err := parseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	key, ok := secretKey(a.secretID)
	if !ok {
		return ErrUnknownSecretID
	}
	if len(a.params) == 0 {
		a.params = signable(q.params)
	}
	timestamp := r.Header.Get("X-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: X-Timestamp must be a Unix time in seconds", ErrNoSignature)
	}
	signed := time.Unix(seconds, 0)
	if now.Sub(signed).Abs() > Lifetime || a.date != signed.UTC().Format(time.DateOnly) {
		return ErrSignatureTime
	}
	payload := a.hashParams(q.params)
	// The method is signed as the client wrote it, which HTTP does not tell: the official SDK writes it in lower case.
	for _, method := range []string{strings.ToLower(r.Method), r.Method} {
		if hmac.Equal([]byte(a.signature), []byte(a.compute(method, r, payload, key, timestamp))) {
			return nil
		}
	}
	return ErrSignature
}

// signable returns the names of the parameters that are hashed, in the order of hashing.
func signable(params []param) []string {
	var names []string
	for _, p := range params {
		if p.hashed() {
			names = append(names, p.signedName())
		}
	}
	slices.Sort(names)
	return names
}

func (a authorization) compute(method string, r *http.Request, payload, secretKey, timestamp string) string {
	canonical := sha256.New()
	fmt.Fprintf(canonical, "%s\n//%s%s\n%s\n", method, r.Host, r.URL.EscapedPath(), r.URL.RawQuery)
	for _, name := range a.headers {
		io.WriteString(canonical, name+":"+canonicalHeader(r, name)+"\n")
	}
	fmt.Fprintf(canonical, "\n%s\n%s", strings.Join(a.headers, ";"), payload)

	toSign := fmt.Sprintf("%s\n%s\n%s/%s/tc3_request\n%x", algorithm, timestamp, a.date, service, canonical.Sum(nil))
	key := []byte("TC3" + secretKey)
	for _, step := range []string{a.date, service, "tc3_request", toSign} {
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, step)
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return strings.ToLower(r.Host)
	case "content-type":
		value := r.Header.Get(name)
		if strings.HasPrefix(value, multipartForm) {
			return multipartForm // without its boundary
		}
		return value
	}
	return strings.ToLower(strings.TrimFunc(r.Header.Get(name), isJSSpace))
}

// hashParams hashes the parameters that SignedParams names, in its order. SDKs 2.1 to 3.0 name texts that are empty,
// too, but hash them no more than 4.x.
func (a authorization) hashParams(params []param) string {
	byName := bySignedName(params)
	h := sha256.New()
	for _, name := range a.params {
		p, ok := byName[name]
		if !ok || !p.hashed() {
			continue
		}
		io.WriteString(h, "&"+name+"=")
		h.Write(p.trimmed())
		io.WriteString(h, "\r\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}
