package platform

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// The APIs that send messages.
const (
	apiSubscribeMessage = "subscribeMessage.send"
	apiCustomMessage    = "customerServiceMessage.send"
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

// outbox keeps the messages that were sent.
type outbox struct {
	mu       sync.Mutex
	messages []Message
	size     int // bytes of what they say
}

func (o *outbox) add(m Message) {
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

// Outbox returns the messages that a user was sent, all users' if openid is empty, oldest first.
func (p *Platform) Outbox(openid string) []Message {
	p.outbox.mu.Lock()
	defer p.outbox.mu.Unlock()
	messages := []Message{}
	for _, m := range p.outbox.messages {
		if openid == "" || m.OpenID == openid {
			messages = append(messages, m)
		}
	}
	return messages
}

// sendSubscribeMessage mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage.html.
// Every user takes every message, unless the stubs say who has consented to what. Which of two faults the platform tells of
// is not documented: here, a value's comes first.
func (p *Platform) sendSubscribeMessage(c *apiCall) (*apiResult, error) {
	var data map[string]json.RawMessage
	c.decode("data", &data)
	if err := checkKeywords(data); err != nil {
		return nil, err
	}
	user, template := c.text("touser"), c.text("template_id")
	if !p.Stubs.consent(user, template) {
		return nil, errNotSubscribed.because("subscriptions give %s no further message of template %s; a consent is good for one message", user, template)
	}
	if page := c.text("page"); page != "" {
		path, _ := splitPath(page)
		if why := p.notPublished(c, path); why != "" {
			c.warn("%s: the message would open nothing", why) // the reference knows no error for it
		}
	}
	p.outbox.add(Message{OpenID: user, API: c.name, TemplateID: template, Page: c.text("page"),
		Content: slices.Clone(c.params["data"].json), AppID: c.appID, Time: p.Now()})
	return okResult(nil), nil
}

// sendCustomMessage mirrors
// https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_sendcustommessage.html.
func (p *Platform) sendCustomMessage(c *apiCall) (*apiResult, error) {
	kind := c.text("msgtype")
	content := c.params[kind]
	switch kinds := c.kindsOfMessage(); {
	case !slices.Contains(kinds, kind):
		return nil, errInvalidArgs.because("msgtype is %q, and there is no such kind of message; write %s", kind, strings.Join(kinds, ", "))
	case !content.given():
		return nil, errInvalidArgs.because("msgtype is %q, so that the parameter %s is required", kind, kind)
	}
	p.outbox.add(Message{OpenID: c.text("touser"), API: c.name, Type: kind, Content: slices.Clone(content.json), AppID: c.appID, Time: p.Now()})
	return okResult(nil), nil
}

// kindsOfMessage lists the kinds that there are: each is the name of the parameter that holds its content.
func (c *apiCall) kindsOfMessage() []string {
	var kinds []string
	for _, f := range c.api.Request {
		if len(f.Fields) > 0 && f.Name != "customservice" && f.Name != "aimsgcontext" {
			kinds = append(kinds, f.Name)
		}
	}
	return kinds
}
