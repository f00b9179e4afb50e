// Package quiet is imported for its init.
package quiet

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

var _ = check()

func check() error {
	_, err := openapi.Security.MsgSecCheck(context.Background(), nil) // want security.msgSecCheck: var quiet._, quiet.check, openapi.Security.MsgSecCheck
	return err
}

func init() { openapi.Wxacode.CreateQRCode(context.Background(), nil) } // want wxacode.createQRCode: quiet.init, openapi.Wxacode.CreateQRCode
