// Package launch is what starts the Mini Program from outside: the codes and links that APIs make, and what they open.
package launch

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// ErrFull reports that an app has used up a quota of codes.
var ErrFull = errors.New("the quota is used up")

// Code is a code or a link, and the page that it opens.
type Code struct {
	// ID is what the picture or the link holds, in the form that the platform gives it.
	ID string
	// AppID is the app that the code opens.
	AppID string
	// API is the name of the API that made it.
	API string
	// Path is the page with its query.
	Path string
	// Scene is what a code of getUnlimited hands to the page.
	Scene string `json:",omitempty"`
	// EnvVersion is the version that the code opens; empty for the released one.
	EnvVersion string `json:",omitempty"`
	Width      int    `json:",omitempty"`
	Created    time.Time
	// Expires is when a link ends; zero if never.
	Expires time.Time `json:",omitzero"`
}

// Quota is a number of codes that an app may have. The zero Quota is no limit.
type Quota struct {
	// Name tells the quotas of an app apart.
	Name  string
	Limit int
	// Key, if not empty, counts once, however often it comes.
	Key string
}

var (
	codes = &store.Bucket{Name: "codes"} // ID → Code as JSON
	used  = &store.Bucket{Name: "used"}  // AppID, quota → number
	seen  = &store.Bucket{Name: "seen"}  // AppID, quota, key → nothing
)

// Buckets returns what [Codes] needs of a store.
func Buckets() []*store.Bucket { return []*store.Bucket{codes, used, seen} }

// Codes are all codes and links of an environment.
type Codes struct{ Store *store.Store }

// Add keeps a code for good, or returns [ErrFull]. n is how many codes of the quota the app has used, with this one.
func (c Codes) Add(code Code, q Quota) (n int, err error) {
	text, err := json.Marshal(code)
	if err != nil {
		return 0, err
	}
	err = c.Store.Update(func(tx *store.Tx) error {
		if n, err = count(tx, code.AppID, q); err != nil {
			return err
		}
		return tx.Bucket(codes).Put(code.ID, text)
	})
	return n, err
}

// count adds one to what an app has used of a quota, unless its key has been counted.
func count(tx *store.Tx, appID string, q Quota) (n int, err error) {
	if q.Name == "" {
		return 0, nil
	}
	pool, items := appID+"\x00"+q.Name, tx.Bucket(used)
	n = number(items.Get(pool))
	key := pool + "\x00" + q.Key
	if q.Key != "" && tx.Bucket(seen).Get(key) != nil {
		return n, nil
	}
	if n >= q.Limit {
		return n, ErrFull
	}
	n++
	if err := items.Put(pool, binary.BigEndian.AppendUint64(nil, uint64(n))); err != nil {
		return n, err
	}
	if q.Key == "" {
		return n, nil
	}
	return n, tx.Bucket(seen).Put(key, []byte{1})
}

// Find returns the code with an ID; ok reports whether there is one.
func (c Codes) Find(id string) (code Code, ok bool, err error) {
	err = c.Store.View(func(tx *store.Tx) error {
		text := tx.Bucket(codes).Get(id)
		if ok = text != nil; !ok {
			return nil
		}
		if err := json.Unmarshal(text, &code); err != nil {
			return fmt.Errorf("the state file: code %q: %w", id, err)
		}
		return nil
	})
	return code, ok && err == nil, err
}

func number(b []byte) int {
	if len(b) != 8 {
		return 0
	}
	return int(binary.BigEndian.Uint64(b))
}

// Keep gives a code its ID and its time of creation, and keeps it for good: [Codes.Add].
func Keep(env *apicall.Env, code Code, q Quota) (kept Code, n int, err error) {
	code.ID, code.Created = newID(), env.Now()
	n, err = (Codes{Store: env.Store}).Add(code, q)
	if err != nil && !errors.Is(err, ErrFull) {
		err = fmt.Errorf("keeping the code: %w", err)
	}
	return code, n, err
}

// newID returns 96 random bits in the 16 characters that keep a QR code small.
func newID() string {
	b := make([]byte, 12)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
