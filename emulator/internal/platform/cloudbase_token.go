package platform

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// What holds for the tokens of containers, as
// https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/container/cloudcall.html has it.
const (
	cloudbaseTokenLife = 30 * time.Minute
	// CloudbaseTokenRenewal is how often a container gets a new one into its file.
	CloudbaseTokenRenewal = 10 * time.Minute
)

// SidecarPath is where the path of every sidecar begins.
const SidecarPath = "/_sidecar/"

// Service is a function that serves HTTP, as the platform knows it. It has no secrets. It calls APIs over HTTPS with a
// cloudbase_access_token, which stands for it, or through its sidecar without any: that is the open interface service
// (开放接口服务). Both ways lead to the APIs that its config.json permits, which stand for the paths of the environment's
// allow list.
type Service struct {
	Function string
	// Permitted is as in [Session].
	Permitted func(api string) (ok bool, advice string)

	platform *Platform
	id       serviceID
	key      string // of the sidecar

	mu      sync.Mutex
	running map[uuid.UUID]*Session
}

type serviceID [8]byte

// services are those that are there. The zero value has none.
type services struct {
	mu    sync.RWMutex
	byID  map[serviceID]*Service
	byKey map[string]*Service
}

// AddService makes a function known that serves HTTP.
func (p *Platform) AddService(function string, permitted func(api string) (bool, string)) *Service {
	s := &Service{Function: function, Permitted: permitted, platform: p, key: rand.Text(), running: map[uuid.UUID]*Session{}}
	rand.Read(s.id[:])
	p.Journal.Redact(s.key)
	p.services.mu.Lock()
	defer p.services.mu.Unlock()
	if p.services.byID == nil {
		p.services.byID, p.services.byKey = map[serviceID]*Service{}, map[string]*Service{}
	}
	p.services.byID[s.id], p.services.byKey[s.key] = s, s
	return s
}

// Close makes the service's tokens and its sidecar worthless.
func (s *Service) Close() {
	all := &s.platform.services
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.byID, s.id)
	delete(all.byKey, s.key)
}

// Sidecar returns the path of the service's sidecar, which is a secret of its instances.
func (s *Service) Sidecar() string { return SidecarPath + s.key }

// Key returns the last part of that path.
func (s *Service) Key() string { return s.key }

// ID tells the service from all others. It is no secret.
func (s *Service) ID() string { return hex.EncodeToString(s.id[:]) }

// Begin notes a request that the service answers from now on, and returns its token.
func (s *Service) Begin(session *Session) (token string) {
	id := requestOf(session)
	s.mu.Lock()
	s.running[id] = session
	s.mu.Unlock()
	return s.mint(id)
}

// End notes that a request has been answered. Its token lives on, as that of the service.
func (s *Service) End(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, requestOf(session))
}

// Token returns a token that belongs to no request. The journal shows it nowhere.
func (s *Service) Token() string {
	token := s.mint(uuid.Nil)
	s.platform.Journal.Redact(token)
	return token
}

func requestOf(s *Session) uuid.UUID {
	id, _ := uuid.Parse(s.RequestID) // all are
	return id
}

// session returns the request that a call belongs to: the one of its token, else the only one that there is; nil where
// it cannot be told.
func (s *Service) session(request uuid.UUID) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.running[request]; session != nil {
		return session
	}
	if request == uuid.Nil && len(s.running) == 1 {
		for _, session := range s.running {
			return session
		}
	}
	return nil
}

// A token says whom it stands for, and until when, so that nothing has to be remembered of it:
// signature, service, request, end.
const tokenText = len(serviceID{}) + len(uuid.UUID{}) + 8

func (s *Service) mint(request uuid.UUID) string {
	text := append(s.id[:len(s.id):len(s.id)], request[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(s.platform.Now().Add(cloudbaseTokenLife).UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(append(s.platform.services.sign(text), text...))
}

func (*services) sign(text []byte) []byte {
	mac := hmac.New(sha256.New, signingKey())
	mac.Write(text)
	return mac.Sum(nil)
}

// signingKey is this process's own.
var signingKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return key
})

// owner returns the service that a token stands for, and the request that it was made for.
func (p *Platform) owner(token string) (*Service, uuid.UUID, error) {
	unknown := errInvalidToken.Because("this emulator has given out no such cloudbase_access_token; those of another run, and WeChat's own, are not good here")
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != sha256.Size+tokenText {
		return nil, uuid.Nil, unknown
	}
	text := b[sha256.Size:]
	if !hmac.Equal(b[:sha256.Size], p.services.sign(text)) {
		return nil, uuid.Nil, unknown
	}
	var id serviceID
	var request uuid.UUID
	rest := text[copy(id[:], text):]
	rest = rest[copy(request[:], rest):]
	p.services.mu.RLock()
	s := p.services.byID[id]
	p.services.mu.RUnlock()
	if s == nil {
		return nil, uuid.Nil, errInvalidToken.Because("the function that the token was for is gone, or was made anew since; take the token of the request, or read the file again")
	}
	if end := time.UnixMilli(int64(binary.BigEndian.Uint64(rest))); !p.Now().Before(end) {
		return nil, uuid.Nil, errTokenExpired.Because("it was good until %s; a cloudbase_access_token lives %s, and the file has a new one every %s",
			end.UTC().Format(time.RFC3339), cloudbaseTokenLife, CloudbaseTokenRenewal)
	}
	return s, request, nil
}

// Sidecar serves what stands beside each container in the cloud, below [SidecarPath]: the server API without a token.
func (p *Platform) Sidecar() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, SidecarPath), "/")
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath = "/"+path, ""
		p.ServeSidecar(w, inner, key)
	})
}

// ServeSidecar is [Platform.Sidecar] for a request that has its own path already.
func (p *Platform) ServeSidecar(w http.ResponseWriter, r *http.Request, key string) {
	s := p.serviceOf(key)
	if s == nil {
		// The path stays unsaid: it may have been a good one.
		none := errorResult(errTokenMissing.Code, errTokenMissing.Message, p.rid(), "the function that had this sidecar is gone, or was made anew since; WX_API_BASE_URL is that of a process and its time")
		(&wireAnswer{status: http.StatusNotFound, contentType: none.ContentType, body: none.Body}).write(w)
		return
	}
	p.serveAPI(w, r, s)
}

func (p *Platform) serviceOf(key string) *Service {
	p.services.mu.RLock()
	defer p.services.mu.RUnlock()
	return p.services.byKey[key]
}

// client is who calls the server API.
type client struct {
	appID   string
	service *Service // nil for a server that has an access token, or asks for one
	session *Session // of the request that the service answers; nil where it cannot be told
	err     error    // why it may not call what needs a token
}

// clientOf finds out who calls. via is the service whose sidecar the call came through, if it did.
func (p *Platform) clientOf(r *http.Request, via *Service) (c client, secret string) {
	query := r.URL.Query()
	appID, token, forOther := p.AppID, query.Get("cloudbase_access_token"), false
	request := uuid.Nil
	switch {
	case query.Has("access_token"), token == "" && via == nil:
		token = query.Get("access_token")
		c.appID, c.err = p.tokens.app(token, p.Now())
		return c, token
	case token != "":
		if app, rest, found := strings.Cut(token, "@"); found {
			appID, token, forOther = app, rest, true
		}
		if c.service, request, c.err = p.owner(token); c.err != nil {
			return c, token
		}
	default:
		c.service = via
		if from := query.Get("from_appid"); from != "" {
			appID, forOther = from, true
		}
	}
	c.session = c.service.session(request)
	if _, known := p.Apps[appID]; forOther && !known {
		c.err = errUnauthorized.Because("this emulator has no app %q that %s could call for; it has %s, and those of --app APPID:SECRET", appID, c.service.Function, p.AppID)
		return c, token
	}
	c.appID = appID
	return c, token
}

// permit is the error about an API whose path is not on the allow list. Calling a function is always permitted, as it is
// to an event function.
func (c *client) permit(e *endpoint) error {
	if c.service == nil || e.name == invokeName {
		return nil
	}
	if e.api == nil {
		return errNotAllowed.Because("config.json permits cloud calls only, and this is none; call it with an access_token")
	}
	if ok, advice := c.service.Permitted(e.name); !ok {
		return errNotAllowed.Because("%s", advice)
	}
	return nil
}
