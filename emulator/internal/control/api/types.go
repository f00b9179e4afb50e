package api

import (
	"cmp"
	"encoding/json"
	"math"
	"time"

	"github.com/wxcloud-go/wxfn/config"
)

// Function is a function that the emulator serves.
type Function struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // handler, go, node, …
	Dir  string `json:"dir,omitempty"`
}

// Invocation is one run of a function, or one HTTPS call to the server API.
type Invocation struct {
	RequestID string       `json:"requestID"`
	Function  string       `json:"function"` // empty for an HTTPS call
	OpenID    string       `json:"openid,omitempty"`
	Source    string       `json:"source"` // such as wx_client, or SourceHTTPS
	Start     time.Time    `json:"start"`
	Running   bool         `json:"running"`
	Duration  Milliseconds `json:"durationMs"` // 0 while it is running
	ColdStart bool         `json:"coldStart"`
	HTTP      *Exchange    `json:"http,omitempty"`   // of a function that serves HTTP
	Event     string       `json:"event,omitempty"`  // the start of a long one
	Result    string       `json:"result,omitempty"` // likewise
	Error     string       `json:"error,omitempty"`
	// BuildError is why the function that ran is not the newest.
	BuildError string `json:"buildError,omitempty"`
	Dropped    int    `json:"linesDropped,omitempty"` // lines before the first one kept
	Output     []Line `json:"output"`
	Calls      []Call `json:"calls"`
}

// JournalFilter selects invocations; the zero value selects the last ones of all.
type JournalFilter struct {
	Function string // its name; any if empty
	OpenID   string // of the user for whom it ran; any if empty
	Errors   bool   // only invocations that failed, or had a call that did
	Limit    int    // at most so many, the last ones; [DefaultLimit] if 0, at most [MaxLimit]
}

// SourceHTTPS is the source of an HTTPS call to the server API, which no function made.
const SourceHTTPS = "https"

// Exchange is the HTTP request of an invocation, and its answer.
type Exchange struct {
	Method string `json:"method"`
	Path   string `json:"path"`             // as the function sees it, with the query
	Status int    `json:"status,omitempty"` // 0 while there is no answer
}

// Line is one line that a function printed.
type Line struct {
	Time   time.Time `json:"time"`
	Stream string    `json:"stream"` // stdout or stderr
	Text   string    `json:"text"`
}

// Call is one call of an API.
type Call struct {
	Time    time.Time `json:"time"`
	API     string    `json:"api"`
	Params  string    `json:"params,omitempty"`
	Result  string    `json:"result,omitempty"` // of a success; bytes as their type and number
	ErrCode int       `json:"errCode"`
	ErrMsg  string    `json:"errMsg,omitempty"`
	RID     string    `json:"rid,omitempty"` // what errmsg ends with for the caller
	Advice  string    `json:"advice,omitempty"`
	// Stub answered in place of the API; NearMisses are the stubs that nearly matched, with the reasons why they did not.
	Stub       string       `json:"stub,omitempty"`
	NearMisses []string     `json:"nearMisses,omitempty"`
	Duration   Milliseconds `json:"durationMs"`
}

// Event is one thing that happened in an invocation.
type Event struct {
	// Type is begin, line, call, end, or lost, which counts the events that a slow reader missed.
	Type      string `json:"type"`
	RequestID string `json:"requestID,omitempty"`
	Function  string `json:"function,omitempty"`
	Line      *Line  `json:"line,omitempty"`
	Call      *Call  `json:"call,omitempty"`
	// Invocation is what is known at a begin or an end, without the output and calls, which are events of their own.
	Invocation *Invocation `json:"invocation,omitempty"`
	Lost       int         `json:"lost,omitempty"`
}

// The types of events.
const (
	EventBegin = "begin"
	EventLine  = "line"
	EventCall  = "call"
	EventEnd   = "end"
	EventLost  = "lost"
)

// Milliseconds is a duration whose JSON is a number of milliseconds, with fractions.
type Milliseconds time.Duration

// MarshalJSON implements [json.Marshaler].
func (d Milliseconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(d) / float64(time.Millisecond))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (d *Milliseconds) UnmarshalJSON(text []byte) error {
	var ms float64
	err := json.Unmarshal(text, &ms)
	*d = Milliseconds(math.Round(ms * float64(time.Millisecond)))
	return err
}

// LaunchOptions is what the Mini Program is started with: wx.getLaunchOptionsSync().
type LaunchOptions struct {
	Path string `json:"path"` // of the page, without its query
	// Query is what the page's onLoad gets. The scene of a wxacode.getUnlimited code is percent-encoded in it.
	Query map[string]string `json:"query"`
	Scene int               `json:"scene"` // how it was opened (场景值), such as 1011 for a scanned QR code
	AppID string            `json:"appId"`
	// EnvVersion is "trial" or "develop", empty for the released version.
	EnvVersion string `json:"envVersion,omitempty"`
}

// StubState is a stub, where it comes from, and how many calls it has answered.
type StubState struct {
	config.Stub
	From     string `json:"from"`
	Answered int    `json:"answered"`
}

// StubFilter selects stubs; the zero value selects the first ones of all.
type StubFilter struct {
	Unused bool // only stubs that have answered no call
	Limit  int  // at most so many, the first ones; [DefaultLimit] if 0, at most [MaxLimit]
}

// StubsAnswer is the answer to added stubs: those that there are now, and what is odd about the new ones.
type StubsAnswer struct {
	Stubs    []StubState `json:"stubs"`
	Warnings []string    `json:"warnings"`
}

// Message is a message that a user of the Mini Program was sent.
type Message struct {
	OpenID string `json:"openid"` // of the user
	API    string `json:"api"`    // subscribeMessage.send or customerServiceMessage.send
	// TemplateID and Page belong to a subscription message (订阅消息): its template, and the page that it opens.
	TemplateID string `json:"templateId,omitempty"`
	Page       string `json:"page,omitempty"`
	// Type belongs to a customer service message (客服消息): text, image, link, miniprogrampage and others.
	Type string `json:"msgtype,omitempty"`
	// Content is data of a subscription message, {"content": …} of a text, and so on.
	Content json.RawMessage `json:"content"`
	AppID   string          `json:"appId"`
	Time    time.Time       `json:"time"`
}

// OutboxFilter selects messages; the zero value selects the last ones of all users.
type OutboxFilter struct {
	OpenID string // of the user; any if empty
	Limit  int    // at most so many, the last ones; [DefaultLimit] if 0, at most [MaxLimit]
}

// PhoneCode is a code of a user's phone number.
type PhoneCode struct {
	Code string `json:"code"`
}

// Clock is the time of the emulated platform.
type Clock struct {
	Held bool      `json:"held"` // it stands still
	Now  time.Time `json:"now"`
}

// ClockChange changes the clock. The fields that are not nil are applied in their order.
type ClockChange struct {
	Set  *time.Time `json:"set,omitempty"`
	Move *string    `json:"move,omitempty"` // a duration, such as "1h30m" or "-5s"
	Hold *bool      `json:"hold,omitempty"`
}

// Error is the answer to a request that the control API refused, or, from status 500 on, failed to serve.
type Error struct {
	ErrCode int    `json:"errCode"` // -1
	ErrMsg  string `json:"errMsg"`

	// StatusCode and Status are of the HTTP answer, such as 401 and "401 Unauthorized".
	StatusCode int    `json:"-"`
	Status     string `json:"-"`
}

// Error returns the errMsg, or the status if there is none.
func (e *Error) Error() string { return cmp.Or(e.ErrMsg, e.Status) }
