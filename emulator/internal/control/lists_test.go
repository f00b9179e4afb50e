package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/control"
	"github.com/wxcloud-go/wxfn/emulator/internal/control/api"
	"github.com/wxcloud-go/wxfn/emulator/internal/journal"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform"
)

// Lists have what their filters select: the last invocations and messages, the first stubs.
func TestListFilters(t *testing.T) {
	t.Parallel()
	j := journal.New(time.Now, nil)
	for _, r := range []struct{ id, function, openID, err, calls string }{
		{"1", "a", "oAlice", "", ""}, {"2", "a", "oBob", "failed", ""}, {"3", "b", "oAlice", "", "failed"}, {"4", "a", "oAlice", "", "ok"}, {"5", "", "", "", "failed"},
	} {
		record := j.Begin(r.id, r.function, r.openID, "wx_client")
		if r.calls != "" {
			record.Called(journal.Call{API: "wxacode.get", ErrCode: map[string]int{"failed": 45009}[r.calls]})
		}
		record.End(time.Now(), r.err)
	}
	j.Begin("6", "a", "oBob", "wx_client") // is running
	stubs := &platform.Stubs{}
	stubs.Add(&config.Stubs{Stubs: []config.Stub{{Name: "x", API: "*"}, {Name: "y", API: "*"}, {Name: "z", API: "*"}}}, "a_test.go")
	handler := control.New(control.Config{Journal: j, Stubs: stubs, Outbox: func(openid string) []platform.Message {
		list := []platform.Message{{API: "m1", OpenID: "oAlice"}, {API: "m2", OpenID: "oBob"}, {API: "m3", OpenID: "oAlice"}}
		if openid == "oAlice" {
			return []platform.Message{list[0], list[2]}
		}
		return list
	}})
	const ids, apis, names = "#.requestID", "#.api", "#.name"
	for target, want := range map[string][2]string{
		"journal":                           {ids, `["1","2","3","4","5","6"]`},
		"journal?function=a":                {ids, `["1","2","4","6"]`},
		"journal?openid=oAlice":             {ids, `["1","3","4"]`},
		"journal?function=a&openid=oAlice":  {ids, `["1","4"]`},
		"journal?function=c":                {ids, `[]`},
		"journal?function=&openid=":         {ids, `["1","2","3","4","5","6"]`},
		"journal?errors=true":               {ids, `["2","3","5"]`},
		"journal?errors=false":              {ids, `["1","2","3","4","5","6"]`},
		"journal?errors=1&openid=oAlice":    {ids, `["3"]`},
		"journal?limit=2":                   {ids, `["5","6"]`},
		"journal?errors=true&limit=2":       {ids, `["3","5"]`},
		"journal?function=a&limit=10000":    {ids, `["1","2","4","6"]`},
		"stubs?limit=2":                     {names, `["x","y"]`},
		"stubs?limit=3&unused=true":         {names, `["x","y","z"]`},
		"outbox?limit=2":                    {apis, `["m2","m3"]`},
		"outbox?openid=oAlice&limit=1":      {apis, `["m3"]`},
		"outbox?openid=oAlice":              {apis, `["m1","m3"]`},
		"journal?limit=0":                   {"errMsg", `limit is "0"; write a whole number from 1 to 10000`},
		"journal?limit=-1":                  {"errMsg", `limit is "-1"; write a whole number from 1 to 10000`},
		"stubs?limit=10001":                 {"errMsg", `limit is "10001"; write a whole number from 1 to 10000`},
		"outbox?limit=all":                  {"errMsg", `limit is "all"; write a whole number from 1 to 10000`},
		"outbox?limit=99999999999999999999": {"errMsg", `limit is "99999999999999999999"; write a whole number from 1 to 10000`},
		"journal?errors=yes":                {"errMsg", `errors is true or false: /_wxfn/journal?errors=true`},
		"stubs?unused=maybe&limit=1":        {"errMsg", `unused is true or false: /_wxfn/stubs?unused=true`},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			status, answer := ask(handler, "GET", api.Prefix+target, "")
			assert.Equal(t, map[bool]int{true: 400, false: 200}[want[0] == "errMsg"], status)
			assert.Equal(t, want[1], gjson.Get(answer, want[0]).String())
		})
	}
}

// Without a limit, a list ends at the default one.
func TestListDefaultLimit(t *testing.T) {
	t.Parallel()
	many := make([]platform.Message, api.DefaultLimit+5)
	for i := range many {
		many[i].API = fmt.Sprint(i)
	}
	stubs := &platform.Stubs{}
	stubs.Add(&config.Stubs{Stubs: make([]config.Stub, api.MaxLimit+5)}, "a_test.go")
	handler := control.New(control.Config{Stubs: stubs, Outbox: func(string) []platform.Message { return many }})
	_, answer := ask(handler, "GET", api.PathOutbox, "")
	require.Equal(t, int64(api.DefaultLimit), gjson.Get(answer, "#").Int())
	assert.Equal(t, "5", gjson.Get(answer, "0.api").String())
	for target, want := range map[string]int64{"": api.DefaultLimit, "?limit=10000": api.MaxLimit} {
		_, answer = ask(handler, "GET", api.PathStubs+target, "")
		assert.Equal(t, want, gjson.Get(answer, "#").Int())
	}
	_, answer = ask(handler, "POST", api.PathStubs, `{"name": "a", "api": "*"}`)
	assert.Equal(t, int64(api.DefaultLimit), gjson.Get(answer, "stubs.#").Int())
}
