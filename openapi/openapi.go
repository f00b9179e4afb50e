// Package openapi calls WeChat's server APIs: from a cloud function without a token, what cloud.openapi and
// cloud.callFunction of wx-server-sdk are for Node, and from any other program over HTTPS.
//
//	func handle(ctx context.Context, event Event) (*openapi.Image, error) {
//		return openapi.Wxacode.CreateQRCode(ctx, &openapi.WxacodeCreateQRCodeRequest{Path: event.Path, Width: new(430)})
//	}
//
// Pass on the ctx that the handler was given: it carries the invocation, and with it the credential. Each API has a
// typed method under its namespace: openapi.SubscribeMessage.Send, openapi.Wxa.Sec.Order.GetOrder. [Call] reaches every
// API by its name. The function's config.json must permit the API, or the call fails with [CodeNoPermission]:
//
//	{"permissions": {"openapi": ["wxacode.createQRCode"]}}
//
// A failed call returns an [*Error] with the errCode, errMsg and text of the official SDK; test it with errors.Is and a
// [Code].
//
// # Credentials
//
// Methods, results and errors are the same wherever a program runs. The first of these is taken that there is:
//
//   - an option of the [Client]: [WithAppCredential], [WithAccessToken], [WithCloudbaseAccessToken],
//     [WithOpenInterfaceService] or [WithTokenSource];
//   - what the platform gave the invocation in ctx: the secrets of a cloud call, else the token of the header
//     X-WX-CLOUDBASE-ACCESS-TOKEN;
//   - the secrets of a cloud call in the process's environment;
//   - a container's token file, /.tencentcloudbase/wx/cloudbase_access_token, or the one that WX_CLOUDBASE_ACCESS_TOKEN_FILE
//     names;
//   - WX_APPID and WX_APPSECRET, with a stable access token as [WithAppCredential] has it;
//   - where CBR_ENV_ID is set, the open interface service of WeChat Cloud Run.
//
// The secrets of a cloud call go to the admin endpoint of the cloud, and config.json permits; all others make an HTTPS
// call to https://api.weixin.qq.com, or to WX_API_BASE_URL in its place. A program that is no function needs no more than
//
//	image, err := openapi.Wxacode.GetUnlimited(ctx, &openapi.WxacodeGetUnlimitedRequest{Scene: "a=1"})
//
// with WX_APPID and WX_APPSECRET in its environment, and `wxfn exec -- go run .` runs it offline. Only a call that was
// refused for its token is made a second time, with another token; whatever else fails is the caller's to try again.
//
// The official documents: https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/openapi/openapi.html and, for
// each API, https://developers.weixin.qq.com/miniprogram/dev/server/API/.
package openapi

//go:generate go run ./internal/generate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// Call calls an API by its name ("security.msgSecCheck"), for the function that ctx belongs to. An HTTPS call takes a path,
// too, for an API that is newer than this package: "/wxa/…" is a POST with a JSON body, and "GET /wxa/…" has all parameters in
// the URL.
//
// params is a struct, a map or a json.RawMessage that encodes as a JSON object, or nil. As with the official SDK, names
// may be in camelCase: they go out in snake_case. A field of type [Media] goes out as raw bytes.
//
// result is a pointer that the answer is decoded into, or nil: an [*Image] for APIs that answer with bytes, else
// whatever takes the JSON object, whose names are in camelCase, with errMsg and errCode at its end. Numbers decode into
// an any as json.Number, so that whole numbers stay exact.
//
// The error is an [*Error], unless the arguments themselves are of no use. A call ends after 15 seconds, or when ctx does; see
// [WithTimeout].
func Call(ctx context.Context, api string, params, result any) error {
	return defaultClient.Call(ctx, api, params, result)
}

// CallFunction invokes another cloud function of the same environment. event is what the function gets, as JSON ({} if
// it is nil); its result is decoded into result, a pointer or nil.
//
// The error is an [*Error] of errCode -1 with the message of the platform, as in the official SDK. Over HTTPS the platform
// tells its code, too, which the error then has: [CodeFunctionExecute] where the function failed. Such a call needs to
// know the environment, from [WithEnv] or the process's CBR_ENV_ID or TCB_ENV, and a function has 5 seconds for it.
//
// Mirrors https://developers.weixin.qq.com/miniprogram/dev/wxcloud/reference-sdk-api/functions/Cloud.callFunction.html and
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloud/reference-http-api/functions/invokeCloudFunction.html.
func CallFunction(ctx context.Context, name string, event, result any) error {
	return defaultClient.CallFunction(ctx, name, event, result)
}

// Call is the function [Call] with the client's options.
func (c *Client) Call(ctx context.Context, api string, params, result any) error {
	resp, err := c.send(ctx, api, params, func(name string) string { return name })
	if err != nil {
		return err
	}
	return decode(api, resp, result, c.resultName)
}

// send calls an API by whichever door there is. documented gives the reference's name of a parameter, for a client that
// does not convert names.
func (c *Client) send(ctx context.Context, api string, params any, documented func(string) string) (*tcb.CommOpenAPIResp, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	door, noDoor := c.door(ctx)
	wireName := documented
	if !c.keepCase && noDoor == nil {
		wireName = func(name string) string { return door.wireName(api, name) }
	}
	pairs, err := encodeParams(params, wireName)
	if err != nil {
		return nil, fmt.Errorf("openapi.%s: params: %w", api, err)
	}
	if noDoor != nil {
		return nil, endpointError(api, CodeResourceSystem, noDoor.Error(), noDoor)
	}
	return door.callAPI(ctx, api, pairs)
}

// CallFunction is the function [CallFunction] with the client's options.
func (c *Client) CallFunction(ctx context.Context, name string, event, result any) error {
	text := []byte("{}")
	if event != nil {
		var err error
		if text, err = marshal(event); err != nil {
			return fmt.Errorf("callFunction %s: event: %w", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	door, err := c.door(ctx)
	var data string
	if err == nil {
		data, err = door.callFunction(ctx, name, text)
	}
	switch _, answered := err.(*Error); {
	case answered:
		return err
	case err != nil:
		return &Error{API: callFunction, ErrCode: CodeUnknown, ErrMsg: "callFunction:fail " + err.Error(), plain: true, cause: err}
	case result == nil || data == "":
		return nil
	}
	if err := unmarshal([]byte(data), result); err != nil {
		return fmt.Errorf("callFunction %s: its result does not fit %T: %w", name, result, err)
	}
	return nil
}

// decode reads the answer of an API into result, as the official SDK reads it, with the names that resultName gives.
func decode(api string, resp *tcb.CommOpenAPIResp, result any, resultName func(string) string) error {
	if !tcb.IsJSON(resp.ContentType) {
		return decodeBytes(api, resp, result)
	}
	object, err := readObject(api, resp)
	if err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	if _, ok := result.(*Image); ok {
		return &Error{API: api, ErrCode: CodeSystem, ErrMsg: fmt.Sprintf("openapi.%s:fail the answer is JSON, not a picture: %.200s", api, resp.RespData)}
	}
	object.del("errcode")
	object.del("errmsg")
	object.rename(resultName)
	object.set("errMsg", []byte(quote("openapi."+api+":ok")))
	object.set("errCode", []byte("0"))
	text := object.text()
	err = unmarshal(text, result)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); mistyped {
		err = fit(text, result)
	}
	if err != nil {
		return fmt.Errorf("openapi.%s: the answer does not fit %T: %w", api, result, err)
	}
	return nil
}

func decodeBytes(api string, resp *tcb.CommOpenAPIResp, result any) error {
	image := Image{ContentType: strings.TrimSpace(resp.ContentType), Buffer: resp.RespData, ErrMsg: "openapi." + api + ":ok"}
	switch result := result.(type) {
	case nil:
		return nil
	case *Image:
		*result = image
		return nil
	case interface{ take(Image) }:
		result.take(image)
		return nil
	}
	if _, typed := result.(interface{ keep([]byte) }); typed {
		return &Error{API: api, ErrCode: CodeSystem, ErrMsg: fmt.Sprintf("openapi.%s:fail the answer is of type %q, not JSON: %.200q", api, image.ContentType, image.Buffer)}
	}
	text, err := marshal(image)
	if err == nil {
		err = unmarshal(text, result)
	}
	if err != nil {
		return fmt.Errorf("openapi.%s: the answer is of type %q and does not fit %T; use *openapi.Image: %w", api, image.ContentType, result, err)
	}
	return nil
}

// readObject returns the JSON object that an API answered; an answer that reports a failure becomes an *Error.
func readObject(api string, resp *tcb.CommOpenAPIResp) (*object, error) {
	o, err := parseObject(resp.RespData)
	switch {
	case err == nil:
	case json.Valid(resp.RespData) || !strings.Contains(resp.ContentType, "text/plain"):
		return nil, &Error{API: api, ErrCode: CodeSystem, ErrMsg: fmt.Sprintf(
			"openapi.%s:fail wechat server internal error, response body is invalid json: %s", api, resp.RespData)}
	default:
		o = &object{}
		o.set("result", []byte(quote(string(resp.RespData))))
	}
	return o, o.failure("openapi." + api)
}
