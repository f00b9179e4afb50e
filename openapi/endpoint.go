package openapi

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/tcb"
)

// endpoint is where the HTTPS call of an API goes, and in which shape.
type endpoint struct {
	name, method, path string
	// query are the parameters of the URL, with a space between; the others are in the body.
	query string
	// unconverted are the parameters, at any depth, that the reference does not write in snake_case.
	unconverted string
}

// endpointOf finds the HTTPS call of an API: by its name, or by its path, as "/wxa/…" or "GET /wxa/…". A path that is not
// known is called with POST unless it says otherwise.
func endpointOf(api string) (*endpoint, error) {
	if i, ok := slices.BinarySearchFunc(endpoints[:], api, func(e endpoint, name string) int { return cmp.Compare(e.name, name) }); ok {
		return &endpoints[i], nil
	}
	method, path, ok := strings.Cut(api, " ")
	if !ok {
		method, path = "", api
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "# ") {
		return nil, fmt.Errorf(`the HTTPS path of %q is not known%s; a path can be called, too: "/wxa/…", or "GET /wxa/…"`, api, suggestion(api))
	}
	if i := slices.IndexFunc(endpoints[:], func(e endpoint) bool { return e.path == path && (method == "" || method == e.method) }); i >= 0 {
		return &endpoints[i], nil
	}
	switch method {
	case "":
		method = http.MethodPost
	case http.MethodGet, http.MethodPost:
	default:
		return nil, fmt.Errorf(`%q: an HTTPS call is GET or POST: write "GET /wxa/…", or "/wxa/…" for POST`, api)
	}
	return &endpoint{name: api, method: method, path: path}, nil
}

// suggestion names the API that a wrong name may have meant: one that differs in case, or in the namespace.
func suggestion(wrong string) string {
	methodOf := func(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
	for _, same := range []func(string) bool{
		func(name string) bool { return strings.EqualFold(name, strings.TrimPrefix(wrong, "openapi.")) },
		func(name string) bool { return strings.EqualFold(methodOf(name), methodOf(wrong)) },
	} {
		if i := slices.IndexFunc(endpoints[:], func(e endpoint) bool { return same(e.name) }); i >= 0 {
			return "; did you mean " + endpoints[i].name + "?"
		}
	}
	return ""
}

// wireName returns the reference's name of a parameter, for the one that users write. Unlike the gateway of cloud calls,
// the server API takes no other.
func (e *endpoint) wireName(name string) string {
	name = tcb.SnakeCase(name)
	for documented := range strings.FieldsSeq(e.unconverted) {
		if tcb.SnakeCase(documented) == name {
			return documented
		}
	}
	return name
}

// inURL reports whether a parameter goes into the URL.
func (e *endpoint) inURL(name string) bool {
	if e.method == http.MethodGet {
		return true
	}
	for q := range strings.FieldsSeq(e.query) {
		if q == name {
			return true
		}
	}
	return false
}
