package main

import (
	"context"
	"os"
	"text/template"

	"github.com/wxcloud-go/wxfn/openapi"
)

type page struct{}

func (page) Code() string {
	openapi.Wxacode.Get(context.Background(), nil)
	return ""
}

func main() {
	template.Must(template.New("page").Parse("{{.Code}}")).Execute(os.Stdout, page{}) // doubt
}
