//go:build traced

package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

func init() { openapi.Phonenumber.GetPhoneNumber(context.Background(), nil) } // with tag traced: want phonenumber.getPhoneNumber
