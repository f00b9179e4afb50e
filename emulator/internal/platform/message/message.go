// Package message is the messages that users of a Mini Program are sent: subscription messages (订阅消息) and customer service
// messages (客服消息).
package message

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
)

// The bounds of the messages that are kept: the last ones.
const (
	maxMessages = 1000
	maxOutbox   = 16 << 20 // bytes of what they say
)

// Message is one that a user of the Mini Program was sent.
type Message struct {
	// OpenID is the user who gets it.
	OpenID string `json:"openid"`
	// API sent it: "subscribeMessage.send" or "customerServiceMessage.send".
	API string `json:"api"`
	// TemplateID and Page are of a subscription message (订阅消息): its template, and the page that it opens.
	TemplateID string `json:"templateId,omitempty"`
	Page       string `json:"page,omitempty"`
	// Type is of a customer service message (客服消息): text, image, link, miniprogrampage and others.
	Type string `json:"msgtype,omitempty"`
	// Content is what the message says, under the names of the wire: data of a subscription message, {"content": …} of a
	// text.
	Content json.RawMessage `json:"content"`
	AppID   string          `json:"appId"`
	Time    time.Time       `json:"time"`
}

// Outbox sends messages, and keeps those that were sent.
type Outbox struct {
	env      *apicall.Env
	consents *apicall.Layers[consents]

	mu       sync.Mutex
	messages []Message
	size     int // bytes of what they say
}

// New returns an empty outbox.
func New(env *apicall.Env) *Outbox {
	return &Outbox{env: env, consents: apicall.NewLayers(addConsents)}
}

// APIs returns the APIs that send messages, by name.
func (o *Outbox) APIs() map[string]apicall.API {
	return map[string]apicall.API{
		"subscribeMessage.send":       o.sendSubscribeMessage,
		"customerServiceMessage.send": o.sendCustomMessage,
	}
}

func (o *Outbox) add(m Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages = append(o.messages, m)
	o.size += len(m.Content)
	first := 0
	for last := len(o.messages) - 1; first < last && (len(o.messages)-first > maxMessages || o.size > maxOutbox); first++ {
		o.size -= len(o.messages[first].Content)
	}
	o.messages = slices.Delete(o.messages, 0, first)
}

// Messages returns the messages that a user was sent, or those of all users if openid is empty, oldest first.
func (o *Outbox) Messages(openid string) []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	messages := []Message{}
	for _, m := range o.messages {
		if openid == "" || m.OpenID == openid {
			messages = append(messages, m)
		}
	}
	return messages
}

var errNotSubscribed = apicall.Error{Code: 43101, Message: "user refuse to accept the msg"}

// sendSubscribeMessage mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage.html.
// Every user takes every message, unless the consents say who has consented to what. Which of two faults the platform tells of
// is not documented: here, a value's comes first.
func (o *Outbox) sendSubscribeMessage(c *apicall.Call) (*apicall.Result, error) {
	var data map[string]json.RawMessage
	c.Decode("data", &data)
	if err := checkKeywords(data); err != nil {
		return nil, err
	}
	user, template := c.Text("touser"), c.Text("template_id")
	if !o.consent(user, template) {
		return nil, errNotSubscribed.Because("subscriptions give %s no further message of template %s; a consent is good for one message", user, template)
	}
	if page := c.Text("page"); page != "" {
		path, _ := launch.SplitPath(page)
		if why := launch.Unpublished(o.env, c, path); why != "" {
			c.Warn("%s: the message would open nothing", why) // the reference knows no error for it
		}
	}
	o.add(Message{OpenID: user, API: c.Name, TemplateID: template, Page: c.Text("page"),
		Content: slices.Clone(c.Params["data"].JSON), AppID: c.AppID, Time: o.env.Now()})
	return apicall.OK(nil), nil
}

// sendCustomMessage mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_sendcustommessage.html.
func (o *Outbox) sendCustomMessage(c *apicall.Call) (*apicall.Result, error) {
	kind := c.Text("msgtype")
	content := c.Params[kind]
	switch kinds := kindsOf(c); {
	case !slices.Contains(kinds, kind):
		return nil, apicall.ErrInvalidArgs.Because("msgtype is %q, and there is no such kind of message; write %s", kind, strings.Join(kinds, ", "))
	case !content.Given():
		return nil, apicall.ErrInvalidArgs.Because("msgtype is %q, so that the parameter %s is required", kind, kind)
	}
	o.add(Message{OpenID: c.Text("touser"), API: c.Name, Type: kind, Content: slices.Clone(content.JSON), AppID: c.AppID, Time: o.env.Now()})
	return apicall.OK(nil), nil
}

// kindsOf lists the kinds of messages: each is the name of the parameter that holds its content.
func kindsOf(c *apicall.Call) []string {
	var kinds []string
	for _, f := range c.API.Request {
		if len(f.Fields) > 0 && f.Name != "customservice" && f.Name != "aimsgcontext" {
			kinds = append(kinds, f.Name)
		}
	}
	return kinds
}
