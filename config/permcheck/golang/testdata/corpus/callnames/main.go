package main

import (
	"context"

	"github.com/wxcloud-go/wxfn/openapi"
)

const namespace = "wxacode"

type name string

const typed name = "security.msgSecCheck"

const method = namespace + ".get"

var table = map[string]string{"id": "ocr.idcard", "bank": "ocr.bankcard"}

var lists = []string{"urllink.generate", "urlscheme." + "generate"}

var fixed = "ocr.printedText"

func main() {
	ctx := context.Background()
	openapi.Call(ctx, "wxacode.createQRCode", nil, nil)                   // want wxacode.createQRCode: main, openapi.Call
	openapi.Call(ctx, method, nil, nil)                                   // want wxacode.get
	openapi.Call(ctx, namespace+"."+"getUnlimited", nil, nil)             // want wxacode.getUnlimited
	openapi.Call(ctx, string(typed), nil, nil)                            // want security.msgSecCheck
	openapi.NewClient().Call(ctx, "phonenumber.getPhoneNumber", nil, nil) // want phonenumber.getPhoneNumber: main, openapi.Client.Call
	api := "subscribeMessage.send"
	openapi.Call(ctx, api, nil, nil) // want subscribeMessage.send
	var other string
	if len(table) > 1 {
		other = "analysis.getDailyRetain"
	} else {
		other = "analysis.getDailySummary"
	}
	openapi.Call(ctx, other, nil, nil) // want analysis.getDailyRetain analysis.getDailySummary
	for _, api := range []string{"logistics.addOrder", "logistics.getOrder"} {
		openapi.Call(ctx, api, nil, nil) // want logistics.addOrder logistics.getOrder
	}
	for _, api := range lists {
		openapi.Call(ctx, api, nil, nil) // want urllink.generate urlscheme.generate
	}
	openapi.Call(ctx, table[other], nil, nil) // want ocr.idcard ocr.bankcard
	openapi.Call(ctx, fixed, nil, nil)        // want ocr.printedText
	for kind := range map[string]int{"driverLicense": 1, "vehicleLicense": 2} {
		func() { openapi.Call(ctx, "ocr."+kind, nil, nil) }() // want ocr.driverLicense ocr.vehicleLicense
	}
	openapi.Call(ctx, "no.such", nil, nil) // want no.such
}
