package main

import (
	"context"
	"log"
	"runtime"

	"github.com/wxcloud-go/wxfn/openapi"
)

const (
	debug = false
	mode  = "release"
	level = 2
)

var ctx = context.Background()

func main() {
	if false {
		openapi.Wxacode.Get(ctx, nil)
	}
	if debug && enabled() {
		openapi.Wxacode.Get(ctx, nil)
	} else {
		openapi.Wxacode.GetUnlimited(ctx, nil) // want wxacode.getUnlimited
	}
	if !debug || dear() {
		openapi.SubscribeMessage.Send(ctx, nil) // want subscribeMessage.send
	} else if enabled() {
		openapi.Wxacode.Get(ctx, nil)
	}
	if enabled() && debug {
		openapi.Wxacode.Get(ctx, nil)
	}
	if runtime.GOOS == "windows" {
		openapi.Wxacode.Get(ctx, nil)
	}
	for debug {
		openapi.Wxacode.Get(ctx, nil)
	}
	switch mode {
	case "debug", "test":
		openapi.Wxacode.Get(ctx, nil)
	case "release":
		openapi.Security.MsgSecCheck(ctx, nil) // want security.msgSecCheck
		fallthrough
	case "never":
		openapi.Urllink.Generate(ctx, nil) // want urllink.generate
	default:
		openapi.Wxacode.Get(ctx, nil)
	}
	switch {
	case debug:
		openapi.Wxacode.Get(ctx, nil)
	case enabled():
		openapi.Phonenumber.GetPhoneNumber(ctx, nil) // want phonenumber.getPhoneNumber
	case level > 1:
		openapi.Urlscheme.Generate(ctx, nil) // want urlscheme.generate
	default:
		openapi.Wxacode.Get(ctx, nil)
	}
	switch level {
	case 1:
		openapi.Wxacode.Get(ctx, nil)
	default:
		openapi.OCR.Idcard(ctx, nil) // want ocr.idcard
	}
	switch n := enabled(); n {
	case false:
		openapi.OCR.Bankcard(ctx, nil) // want ocr.bankcard
	default:
		openapi.OCR.BusinessLicense(ctx, nil) // want ocr.businessLicense
	}
	after(1)
	loop()
	again(0)
}

func enabled() bool { return len(ctx.Err().Error()) > 0 }

func dear() bool {
	openapi.Wxacode.Get(ctx, nil)
	return true
}

func after(n int) {
	if n > 1 {
		panic("n")
		openapi.Wxacode.Get(ctx, nil)
	}
	if n > 0 {
		return
	} else {
		log.Fatal("n")
	}
	openapi.Wxacode.Get(ctx, nil)
}

func loop() {
	for {
		if enabled() {
			continue
			openapi.Wxacode.Get(ctx, nil)
		}
		openapi.OCR.DriverLicense(ctx, nil) // want ocr.driverLicense
	}
	openapi.Wxacode.Get(ctx, nil)
}

func again(n int) {
	goto end
	openapi.Wxacode.Get(ctx, nil)
end:
	openapi.OCR.PrintedText(ctx, nil) // want ocr.printedText
	for {
		if n > 0 {
			break
		}
	}
	openapi.OCR.DrivingLicense(ctx, nil) // want ocr.drivingLicense
}
