package main

import (
	"context"
	"fmt"
	"sort"
	"sync"

	"github.com/wxcloud-go/wxfn/cloudfn"
	"github.com/wxcloud-go/wxfn/openapi"
)

type list []string

func (l list) Len() int           { return len(l) }
func (l list) Swap(i, j int)      {}
func (l list) Less(i, j int) bool { openapi.Wxacode.Get(ctx, nil); return false } // want wxacode.get: main, list.Less, openapi.Wxacode.Get

var ctx = context.Background()

type event struct {
	Inner inner
	inner *hidden
}

type inner struct{}

func (*inner) UnmarshalJSON([]byte) error { openapi.Security.MsgSecCheck(ctx, nil); return nil } // want security.msgSecCheck

type hidden struct{}

func (*hidden) UnmarshalJSON([]byte) error { openapi.Phonenumber.GetPhoneNumber(ctx, nil); return nil }

type answer struct{}

func (answer) MarshalJSON() ([]byte, error) { openapi.Urllink.Generate(ctx, nil); return nil, nil } // want urllink.generate

func handle(ctx context.Context, e event) (answer, error) { return answer{}, failure{} }

type failure struct{}

func (failure) Error() string   { openapi.Urlscheme.Generate(ctx, nil); return "" } // want urlscheme.generate
func (failure) Is(e error) bool { openapi.OCR.Idcard(ctx, nil); return false }      // want ocr.idcard

type state int

func (state) String() string { openapi.OCR.Bankcard(ctx, nil); return "" } // want ocr.bankcard

func main() {
	sort.Sort(list{})
	var once sync.Once
	once.Do(func() { openapi.OCR.PrintedText(ctx, nil) }) // want ocr.printedText
	fmt.Println(state(1))
	cloudfn.Start(handle)
}
