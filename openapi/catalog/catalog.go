// Package catalog describes the WeChat server APIs that a cloud function can
// call, as data: [Lookup] finds one by its name, [ByPath] by its HTTPS path,
// [All] lists them, [Known] reports whether a name exists at all and [Nearest]
// what a wrong one may have meant.
//
// The official reference is
// https://developers.weixin.qq.com/miniprogram/dev/server/API/. The data is
// part of the program and is parsed at the first use, not at start.
package catalog

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// API is a server API that supports cloud calls.
type API struct {
	Name     string  `json:"name"`     // the cloud call's name, as in config.json: "wxacode.createQRCode"
	Title    string  `json:"title"`    // the official page's own name for it: "getUnlimitedQRCode" for wxacode.getUnlimited
	Page     string  `json:"page"`     // the address of the official page
	Summary  string  `json:"summary"`  // what it does, to stand after its name: "makes a square QR code (二维码)"
	Limits   string  `json:"limits"`   // quotas, sizes and lifetimes, as sentences
	Method   string  `json:"method"`   // of the HTTPS call: "GET" or "POST"
	Path     string  `json:"path"`     // of the HTTPS call: "/cgi-bin/wxaapp/createwxaqrcode"
	Binary   bool    `json:"binary"`   // success answers with bytes (an image, a file) in place of JSON
	Query    []Field `json:"query"`    // URL parameters of the HTTPS call, without access_token
	Envelope string  `json:"envelope"` // the object that the page's examples put all parameters into, where its tables do not; both work
	Request  []Field `json:"request"`  // the body's parameters
	Response []Field `json:"response"` // without errcode and errmsg
	Errors   []Error `json:"errors"`   // the error codes on the API's page; others can occur
}

// Params returns the parameters of a cloud call, which does not tell those of
// the URL from those of the body.
func (a *API) Params() []Field {
	return slices.Concat(a.Query, a.Request)
}

// Field is a parameter, or a part of an answer.
type Field struct {
	Name     string  `json:"name"` // as on the wire, mostly snake_case
	Type     Type    `json:"type"`
	Of       Type    `json:"of"`       // what an array holds; of an any that takes texts and numbers, which is the usual; empty if not known
	Float    bool    `json:"float"`    // of a number: it can have a fraction; without the mark it is whole
	Required bool    `json:"required"` // it must be there and, unless Blank, be no empty text and not zero
	Unless   string  `json:"unless"`   // of a required one: the other field that may be given in its place
	Also     string  `json:"also"`     // of a parameter: the name that the page's examples give it, where that differs
	Blank    bool    `json:"blank"`    // of a required text or number: it may be empty, or zero
	Code     int     `json:"code"`     // the errcode for a value that is missing or invalid; 0 where [API.Refusal] has to choose, as for every file
	As       string  `json:"as"`       // of an object: a name that fields of the same kind share; empty for a kind of its own
	Doc      string  `json:"doc"`      // what it means, one clause
	Fields   []Field `json:"fields"`   // of an object, or of each object in an object[]; empty where the reference names none
}

// Kind returns the type of value that the field mostly holds: its Type, or for
// an Any what it is Of.
func (f Field) Kind() Type {
	if f.Type == Any {
		return cmp.Or(f.Of, Any)
	}
	return f.Type
}

// Refusal returns the error that answers a parameter which is missing or no
// good: of a file, 41005; else the field's own where the API has one, else the
// first of the API's errors that is about parameters in general, else 40097.
func (a *API) Refusal(f Field) Error {
	if f.Type == File {
		return Error{Code: mediaMissing, Message: Text(mediaMissing)}
	}
	for _, code := range append([]int{f.Code}, aboutParams...) {
		if i := slices.IndexFunc(a.Errors, func(e Error) bool { return e.Code == code }); i >= 0 {
			return a.Errors[i].inEnglish()
		}
	}
	return Error{Code: aboutParams[0], Message: "invalid args"}
}

// mediaMissing is what the server API answers to a form without the file, or
// with an empty one, whatever else is in it. The pages of the APIs do not list
// it; users report it (https://github.com/silenceper/wechat/pull/832).
const mediaMissing = 41005

// inEnglish returns e with a message in English: its own, where it is.
func (e Error) inEnglish() Error {
	english := e.Message != "" && !strings.ContainsFunc(e.Message, func(r rune) bool { return r > unicode.MaxASCII })
	if !english {
		e.Message = cmp.Or(Text(e.Code), "invalid args")
	}
	return e
}

// aboutParams are the errors that are about parameters in general, of WeChat
// and of single families of APIs. Which one an API gives for which fault is
// not documented: the order is ours.
var aboutParams = []int{40097, 47003, 200002, 20002, 930561, 9301001, 10060014, -501007, 1001, 47001}

// Code is an errcode with its name.
type Code struct {
	Code int    `json:"code"`
	Name string `json:"name"` // in Go spelling: "InvalidOpenID"
	Text string `json:"text"` // what is wrong, in English: "invalid openid"
}

// Codes returns the errcodes that have a name, sorted. The slice is shared: do
// not modify it.
func Codes() []Code { return load().codes }

// Text returns what an errcode means, in English; "" for one that has no name.
func Text(code int) string {
	codes := Codes()
	i, ok := slices.BinarySearchFunc(codes, code, func(c Code, code int) int { return cmp.Compare(c.Code, code) })
	if !ok {
		return ""
	}
	return codes[i].Text
}

// Error is an error code on an API's page.
type Error struct {
	Code    int    `json:"code"`    // the errcode of the answer
	Message string `json:"message"` // the errmsg as documented; the real one often says more
}

// Type is the kind of value a [Field] holds.
type Type string

// The types that occur.
const (
	String  Type = "string"
	Number  Type = "number" // whole, unless Field.Float
	Boolean Type = "boolean"
	Object  Type = "object"
	Objects Type = "object[]"
	Array   Type = "array" // of Field.Of
	Numbers Type = "number[]"
	File    Type = "file" // bytes with a content type
	Any     Type = "any"  // more than one type is accepted, or the reference names none
)

//go:embed cloudcall.json
var data []byte

// file is the shape of the data.
type file struct {
	Source string `json:"source"`
	APIs   []*API `json:"apis"`  // sorted by name
	Codes  []Code `json:"codes"` // sorted by code
}

// index is the data as it is asked for.
type index struct {
	all            []*API
	codes          []Code
	byName, byPath map[string]*API
}

var load = sync.OnceValue(newIndex)

func newIndex() *index {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		panic(fmt.Errorf("catalog: cloudcall.json: %w", err)) // part of the program: it parses wherever the tests pass
	}
	x := &index{
		all:    f.APIs,
		codes:  f.Codes,
		byName: make(map[string]*API, len(f.APIs)),
		byPath: make(map[string]*API, len(f.APIs)),
	}
	for _, a := range f.APIs {
		x.byName[a.Name] = a
		x.byPath[a.Path] = a
	}
	return x
}

// All returns the APIs sorted by name. The slice and what it points to are
// shared: do not modify them.
func All() []*API { return load().all }

// Lookup returns the API with this cloud-call name, such as
// "wxacode.createQRCode": no "openapi." before it, case as documented.
// Names of [Older] are not found.
func Lookup(name string) (*API, bool) {
	a, ok := load().byName[name]
	return a, ok
}

// ByPath returns the API with this HTTPS path, such as
// "/cgi-bin/wxaapp/createwxaqrcode", without host and query.
func ByPath(path string) (*API, bool) {
	a, ok := load().byPath[path]
	return a, ok
}

// Known reports whether a cloud call of this name exists, as far as that is
// known: one of [All], one of [Older], or one of an official account
// ([Unlisted]). It is what the permissions of a config.json may name.
func Known(name string) bool {
	if _, ok := load().byName[name]; ok {
		return true
	}
	if _, ok := slices.BinarySearch(older, name); ok {
		return true
	}
	// In a namespace that is listed, or nearly, a name near a known one is a slip.
	m := Unlisted.FindStringSubmatch(name)
	return m != nil && (NearestOf(m[1], listed) == "" || len(Nearest(name, 1)) == 0)
}

// listed are the namespaces in officialAccount of which some names are known.
var listed = []string{"media", "newtmpl", "tags", "user"}

// Unlisted has the form of names in the namespace officialAccount, of which no
// complete list is known here.
var Unlisted = regexp.MustCompile(`^officialAccount\.([a-z][a-zA-Z]*)(?:\.[a-z][a-zA-Z]*){1,2}$`)
