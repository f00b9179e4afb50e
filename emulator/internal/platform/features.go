package platform

import (
	"maps"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/message"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// features are the APIs whose effect is emulated. Only this file knows them by name.
type features struct {
	env    *apicall.Env
	apis   map[string]apicall.API
	outbox *message.Outbox
}

// Message is a message that a user was sent.
type Message = message.Message

// newFeatures returns the features of a platform, and what tests can set of them.
func newFeatures(p *Platform) (f features, fixtures []apicall.Fixture) {
	f.env = &apicall.Env{Now: p.now, Pages: p.pagesOf}
	f.outbox = message.New(f.env)
	f.apis = map[string]apicall.API{
		apiCreateQRCode: p.createQRCode,
		apiGet:          p.get,
		apiGetUnlimited: p.getUnlimited,

		apiScheme:    p.generateScheme,
		apiNFCScheme: p.generateScheme,
		apiURLLink:   p.generateURLLink,
		apiShortLink: p.generateShortLink,

		"urlscheme.query": p.queryScheme,
		"urllink.query":   p.queryURLLink,

		"security.msgSecCheck":       p.checkText,
		"phonenumber.getPhoneNumber": p.getPhoneNumber,
	}
	maps.Copy(f.apis, f.outbox.APIs())
	return f, []apicall.Fixture{f.outbox.Consents()}
}

// Buckets returns what the platform needs of [Config].Store.
func Buckets() []*store.Bucket { return launch.Buckets() }

// Outbox returns the messages that a user was sent, or those of all users if openid is empty, oldest first.
func (p *Platform) Outbox(openid string) []Message { return p.features.outbox.Messages(openid) }
