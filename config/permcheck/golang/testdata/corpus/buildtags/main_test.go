package main

import (
	"context"
	"testing"

	"github.com/wxcloud-go/wxfn/openapi"
)

func TestSend(t *testing.T) { openapi.Wxacode.CreateQRCode(context.Background(), nil) }
