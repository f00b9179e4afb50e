package platform

import (
	"maps"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/message"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/phone"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/security"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// features are the APIs whose effect is emulated. Only this file knows them by name.
type features struct {
	env    *apicall.Env
	apis   map[string]apicall.API
	outbox *message.Outbox
	phones *phone.Numbers
}

// Message is a message that a user was sent.
type Message = message.Message

// newFeatures returns the features of a platform, and what tests can set of them.
func newFeatures(p *Platform) (f features, fixtures []apicall.Fixture) {
	f.env = &apicall.Env{AppID: p.AppID, Now: p.now, Pages: p.pagesOf, RID: p.rid, UseCode: p.useCode}
	f.outbox = message.New(f.env)
	f.phones = phone.New(f.env)
	checker := security.New(f.env)
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
	}
	for _, apis := range []map[string]apicall.API{f.outbox.APIs(), f.phones.APIs(), checker.APIs()} {
		maps.Copy(f.apis, apis)
	}
	return f, []apicall.Fixture{f.outbox.Consents(), f.phones.Set(), checker.RiskyTexts()}
}

// Buckets returns what the platform needs of [Config].Store.
func Buckets() []*store.Bucket { return launch.Buckets() }

// Outbox returns the messages that a user was sent, or those of all users if openid is empty, oldest first.
func (p *Platform) Outbox(openid string) []Message { return p.features.outbox.Messages(openid) }

// PhoneCode returns a new code of a user's phone number: [phone.Numbers.Code].
func (p *Platform) PhoneCode(openID string) string { return p.features.phones.Code(openID) }
