package tcb_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

const boundary = "multipart/form-data; boundary=b"

// formOf returns a form with n parts after the action, each with a name and a value.
func formOf(n int, part func(i int) (name, value string)) string {
	var b strings.Builder
	b.WriteString("--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nwx.openApi\r\n")
	for i := range n {
		name, value := part(i)
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", name, value)
	}
	return b.String() + "--b--\r\n"
}

func numbered(i int) (name, value string) { return "p" + strconv.Itoa(i), "1" }

func parse(contentType, body string) (*http.Request, *tcb.Request, error) {
	r := httptest.NewRequest(http.MethodPost, "/admin", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	q, err := tcb.ParseRequest(r, 8<<20)
	return r, q, err
}

// counting counts the bytes that were read.
type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// What is not a request is refused as soon as that is known, and not when all of it is in memory.
func TestRequestBounds(t *testing.T) {
	t.Parallel()
	object := func(member func(i int) string, n int) string {
		var members []string
		for i := range n {
			members = append(members, member(i))
		}
		return `{"action":"a",` + strings.Join(members, ",") + `}`
	}
	for name, c := range map[string]struct {
		contentType, body, want string
		most                    int // bytes that may be read; 0: all
	}{
		"100,000 parts":   {boundary, formOf(100_000, numbered), "it has more than 256 parts", 64 << 10},
		"a part twice":    {boundary, formOf(2, func(int) (string, string) { return "a", "1" }), `part "a" comes twice`, 0},
		"a name too long": {boundary, formOf(1, func(int) (string, string) { return strings.Repeat("n", 1<<10), "" }), "longer than 256 bytes", 0},
		"a giant header": {boundary, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX: " + strings.Repeat("x", 12<<20) + "\r\n\r\n1\r\n--b--\r\n",
			"", 0},
		"100,000 headers": {boundary, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n" + strings.Repeat("X: x\r\n", 100_000) + "\r\n1\r\n--b--\r\n", "multipart form: ", 0},
		"too large":       {boundary, formOf(1, func(int) (string, string) { return "a", strings.Repeat("x", 9<<20) }), "too large", 1},
		"100,000 members": {"application/json", object(func(i int) string { return fmt.Sprintf(`"p%d":1`, i) }, 100_000), "it has more than 256 members", 64 << 10},
		"a member twice":  {"application/json", object(func(i int) string { return `"p":1` }, 2), `member "p" comes twice`, 0},
		"too deep":        {"application/json", object(func(i int) string { return `"p":` + strings.Repeat("[", 100_000) }, 1), "exceeded max depth", 0},
		"two objects":     {"application/json", `{"action":"a"}{"action":"b"}`, "something follows the object", 0},
		"an open object":  {"application/json", `{"action":"a"`, "EOF", 0},
		"a long type":     {strings.Repeat("x", 1<<20), "", "content type", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &counting{Reader: strings.NewReader(c.body)}
			r := httptest.NewRequest(http.MethodPost, "/admin", body)
			r.ContentLength = int64(len(c.body))
			r.Header.Set("Content-Type", c.contentType)
			_, err := tcb.ParseRequest(r, 8<<20)
			require.ErrorContains(t, err, c.want)
			assert.Less(t, len(err.Error()), 1<<10)
			if c.most > 0 {
				assert.LessOrEqual(t, body.n, c.most)
			}
		})
	}
}

// A length in protobuf is compared with what is there before anything is made of it; pairs have a bound.
func TestMessageBounds(t *testing.T) {
	t.Parallel()
	huge := protowire.AppendVarint([]byte{0x12}, 1<<62) // openapi_data, of 4 EB
	assert.ErrorContains(t, new(tcb.CommAPIData).Unmarshal(huge), "unexpected EOF")
	pairs := protowire.AppendBytes([]byte{0x12}, bytes.Repeat([]byte{0x0a, 0x00}, 1_000_000))
	assert.ErrorContains(t, new(tcb.CommAPIData).Unmarshal(pairs), "there are more than 100000")
	groups := bytes.Repeat([]byte{0x1b}, 100_000)
	assert.Error(t, new(tcb.CommAPIData).Unmarshal(groups))
}

// longSignatures are the parameters and headers of signatures that name each as often as they like.
func longSignatures() map[string]struct{ params, headers string } {
	unknown := make([]string, 10_000)
	for i := range unknown {
		unknown[i] = "p" + strconv.Itoa(i)
	}
	return map[string]struct{ params, headers string }{
		"10,000 unknown names":   {strings.Join(unknown, ";"), "host"},
		"a large one repeated":   {strings.Repeat("requestdata;", 10_000) + "action", "host"},
		"a large header again":   {"action", strings.Repeat("x-large;", 10_000) + "host"},
		"10,000 unknown headers": {"action", strings.Join(unknown, ";")},
	}
}

// signedWith returns a large request, and its form, with a signature of these parameters and headers that is not good.
func signedWith(tb testing.TB, params, headers string) (*http.Request, *tcb.Request) {
	_, q, err := parse(boundary, formOf(1, func(int) (string, string) { return "requestData", strings.Repeat("x", 7<<20) }))
	require.NoError(tb, err)
	r := httptest.NewRequest(http.MethodPost, "/admin", nil)
	r.Header.Set("X-Large", strings.Repeat("x", 1<<20))
	r.Header.Set("X-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential=id/"+at.UTC().Format(time.DateOnly)+"/tcb/tc3_request, SignedParams="+params+
		", SignedHeaders="+headers+", Signature=0")
	return r, q
}

func anyKey(string) (string, bool) { return "key", true }

func TestSignatureBounds(t *testing.T) {
	t.Parallel()
	for name, c := range longSignatures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, q := signedWith(t, c.params, c.headers)
			assert.Error(t, q.Verify(r, at, anyKey))
		})
	}
}

// BenchmarkLongSignature verifies signatures that name each parameter and header again and again: they cost no more than
// those that name them once. Each name's text again would be minutes.
func BenchmarkLongSignature(b *testing.B) {
	for name, c := range longSignatures() {
		b.Run(name, func(b *testing.B) {
			r, q := signedWith(b, c.params, c.headers)
			for b.Loop() {
				if q.Verify(r, at, anyKey) == nil {
					b.Fatal("the signature is good")
				}
			}
		})
	}
}

// BenchmarkForm reads the forms of an ordinary call, of one with a file, and of an attack.
func BenchmarkForm(b *testing.B) {
	q := openAPIRequest()
	r, err := q.HTTP(context.Background(), tcb.Origin{URL: "http://127.0.0.1/admin", SDKVersion: "wxfn/1"}, cred, at)
	require.NoError(b, err)
	ordinary, err := io.ReadAll(r.Body)
	require.NoError(b, err)
	for _, c := range []struct {
		name, contentType string
		body              []byte
	}{
		{"ordinary", r.Header.Get("Content-Type"), ordinary},
		{"file of 4 MB", boundary, []byte(formOf(1, func(int) (string, string) { return "requestData", strings.Repeat("x", 4<<20) }))},
		{"100,000 parts", boundary, []byte(formOf(100_000, numbered))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = parse(c.contentType, string(c.body))
			}
		})
	}
}
