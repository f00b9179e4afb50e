package main

import (
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// typeName returns the name of the type of an object field: the namespace's and
// the name that kinds share, or the method's and the field's.
func typeName(namespace, method string, f catalog.Field) string {
	if f.As != "" {
		return namespace + f.As
	}
	name := catalog.GoName(f.Name)
	if f.Type == catalog.Objects {
		name = one(name)
	}
	return namespace + method + name
}

// one returns the name of one of a list's elements.
func one(name string) string {
	switch {
	case strings.HasSuffix(name, "List") && name != "List":
		return strings.TrimSuffix(name, "List")
	case name == "List" || name == "Data":
		return "Item"
	case strings.HasSuffix(name, "Goods"), strings.HasSuffix(name, "ss"), !strings.HasSuffix(name, "s"):
		return name
	}
	return strings.TrimSuffix(name, "s")
}
