package platform

import (
	"maps"

	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/link"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/message"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/phone"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/picture"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/qrcode"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/security"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// features are the APIs whose effect is emulated. Only this file knows them by name.
type features struct {
	env    *apicall.Env
	apis   map[string]apicall.API
	codes  *qrcode.Maker
	outbox *message.Outbox
	phones *phone.Numbers
}

// minuteLimits are how many calls an app may make in a minute, of the APIs that have such a limit.
var minuteLimits = map[string]int{launch.GetUnlimited: qrcode.MaxUnlimitedCalls}

// newFeatures returns the features of a platform, and what tests can set of them.
func newFeatures(p *Platform) (f features, fixtures []apicall.Fixture) {
	f.env = &apicall.Env{AppID: p.AppID, Now: p.now, Pages: p.pagesOf, Store: p.Store, TakeMinute: p.takeMinute, RID: p.rid, UseCode: p.useCode}
	f.codes, f.outbox, f.phones = qrcode.New(f.env), message.New(f.env), phone.New(f.env)
	links, checker := link.New(f.env), security.New(f.env)
	f.apis = map[string]apicall.API{}
	for _, feature := range []struct {
		apis    map[string]apicall.API
		fixture apicall.Fixture // nil if tests set nothing
	}{
		{apis: f.codes.APIs()},
		{apis: links.APIs()},
		{f.outbox.APIs(), f.outbox.Consents()},
		{f.phones.APIs(), f.phones.Set()},
		{checker.APIs(), checker.RiskyTexts()},
	} {
		maps.Copy(f.apis, feature.apis)
		if feature.fixture != nil {
			fixtures = append(fixtures, feature.fixture)
		}
	}
	return f, fixtures
}

// Buckets returns what the platform needs of [Config].Store.
func Buckets() []*store.Bucket { return launch.Buckets() }

// LaunchOptions is what the Mini Program is started with.
type LaunchOptions = launch.Options

// The errors of [Platform.Scan], and of [Platform.Preview] about its path.
var (
	ErrUnknownCode = launch.ErrUnknown
	ErrExpired     = launch.ErrExpired
	ErrPath        = qrcode.ErrPath
)

// Scan returns what scanning a code with this content opens, or following this link: [launch.Scan].
func (p *Platform) Scan(content string) (*LaunchOptions, error) {
	return launch.Scan(p.features.env, content)
}

// ScanPicture is [Platform.Scan] for a picture of the code: a JPEG or PNG file, also a photo of it within reason. The
// error may also be one of package picture.
func (p *Platform) ScanPicture(file []byte) (*LaunchOptions, error) {
	content, err := picture.Decode(file)
	if err != nil {
		return nil, err
	}
	return p.Scan(content)
}

// Preview makes a code of the developer version, as WeChat DevTools does: [qrcode.Maker.Preview].
func (p *Platform) Preview(path string) (jpeg []byte, err error) {
	return p.features.codes.Preview(path)
}

// Message is a message that a user was sent.
type Message = message.Message

// Outbox returns the messages that a user was sent, or those of all users if openid is empty, oldest first.
func (p *Platform) Outbox(openid string) []Message { return p.features.outbox.Messages(openid) }

// PhoneCode returns a new code of a user's phone number: [phone.Numbers.Code].
func (p *Platform) PhoneCode(openID string) string { return p.features.phones.Code(openID) }
