package platform

import (
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/launch"
	"github.com/wxcloud-go/wxfn/emulator/internal/store"
)

// What tests name of the features.
const (
	apiCreateQRCode = launch.CreateQRCode
	apiGet          = launch.Get
	apiGetUnlimited = launch.GetUnlimited

	apiScheme    = launch.Scheme
	apiNFCScheme = launch.NFCScheme
	apiURLLink   = launch.URLLink
	apiShortLink = launch.ShortLink

	apiSubscribeMessage = "subscribeMessage.send"
	apiCustomMessage    = "customerServiceMessage.send"

	quotaCodes        = "codes"
	maxCodes          = 100_000
	quotaPages        = "pages"
	maxUncheckedPages = 60_000
	maxUnlimitedCalls = 5_000
)

// with returns a platform like p that keeps its state in another store.
func (p *Platform) with(s *store.Store) *Platform {
	c := p.Config
	c.Store = s
	return New(c)
}

func (p *Platform) codes() launch.Codes { return launch.Codes{Store: p.Store} }
