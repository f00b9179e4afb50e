// Package catalog describes the WeChat server APIs that a cloud function can
// call, as data: [Lookup] finds one by its name, [ByPath] by its HTTPS path,
// [All] lists them, [Known] tells whether a name exists at all and [Nearest]
// what a wrong one may have meant.
//
// The official reference is
// https://developers.weixin.qq.com/miniprogram/dev/server/API/. The data is
// part of the program and is parsed at the first use, not at start.
package catalog

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// API is a server API that supports cloud calls.
type API struct {
	Name     string  `json:"name"`     // the cloud call's name, as in config.json: "wxacode.createQRCode"
	Title    string  `json:"title"`    // the official page's own name for it: "getUnlimitedQRCode" for wxacode.getUnlimited
	Method   string  `json:"method"`   // of the HTTPS call: "GET" or "POST"
	Path     string  `json:"path"`     // of the HTTPS call: "/cgi-bin/wxaapp/createwxaqrcode"
	Query    []Field `json:"query"`    // URL parameters of the HTTPS call, without access_token
	Request  []Field `json:"request"`  // the body's parameters
	Response []Field `json:"response"` // without errcode and errmsg
	Binary   bool    `json:"binary"`   // success answers with bytes (an image, a file) in place of JSON
	Errors   []Error `json:"errors"`   // the error codes on the API's page; others can occur
}

// Field is a parameter, or a part of an answer.
type Field struct {
	Name     string  `json:"name"` // as on the wire, mostly snake_case
	Type     Type    `json:"type"`
	Float    bool    `json:"float"` // of a number: it can have a fraction; without the mark it is whole
	Required bool    `json:"required"`
	Fields   []Field `json:"fields"` // of an object, or of each object in an object[]; empty where the reference names none
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
	Array   Type = "array" // the reference does not say of what
	Numbers Type = "number[]"
	File    Type = "file" // bytes with a content type
	Any     Type = "any"  // more than one type is accepted, or the reference names none
)

//go:embed cloudcall.json
var data []byte

// file is the shape of the data.
type file struct {
	Source string `json:"source"`
	APIs   []*API `json:"apis"` // sorted by name
}

// index is the data as it is asked for.
type index struct {
	all            []*API
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

// Known reports whether a cloud call of this name exists: one of [All], or one
// of [Older]. It is what the permissions of a config.json may name.
func Known(name string) bool {
	if _, ok := load().byName[name]; ok {
		return true
	}
	_, ok := slices.BinarySearch(older, name)
	return ok
}
