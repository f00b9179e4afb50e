package cloudfn_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"

	"github.com/wxcloud-go/wxfn/cloudfn"
)

type Event struct {
	Name string `json:"name"`
}

type Greeting struct {
	Text string `json:"text"`
	To   string `json:"to"`
}

func greet(ctx context.Context, event Event) (*Greeting, error) {
	greeting := &Greeting{Text: "Hello, " + event.Name}
	if inv, ok := cloudfn.FromContext(ctx); ok {
		greeting.To = inv.OpenID
	}
	return greeting, nil
}

// A handler is a plain function. In a test it is called as anyone, with any event.
func Example() {
	ctx := cloudfn.NewContext(context.Background(), &cloudfn.Invocation{OpenID: "oABC"})
	result, err := cloudfn.Func(greet).Invoke(ctx, []byte(`{"name": "小明"}`))
	fmt.Println(string(result), err)
	_, err = cloudfn.Func(greet).Invoke(ctx, []byte(`{"name": 1}`))
	fmt.Println(err)
	// Output:
	// {"text":"Hello, 小明","to":"oABC"} <nil>
	// event.name: cannot use number as string
}

// This is all of a function's main.
func ExampleStart() {
	cloudfn.Start(greet)
}

// A service of several paths, for an HTTP cloud function or Cloud Run.
func ExampleStartHTTP() {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		if inv, _ := cloudfn.FromContext(r.Context()); inv.OpenID == "" {
			http.Error(w, "open this in the Mini Program", http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "Hello, %s", r.PathValue("name"))
	})
	cloudfn.StartHTTP(routes)
}

func ExampleOnShutdown() {
	var db *sql.DB
	cloudfn.Start(greet, cloudfn.OnShutdown(func(context.Context) { db.Close() }))
}
