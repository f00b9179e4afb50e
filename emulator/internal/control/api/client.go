package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
)

// Client asks the control API of one emulator. Its errors are one line each: an [*Error] if the emulator refused the
// request. The context bounds a request's time; nothing else does.
type Client struct {
	URL   string // http://HOST:PORT, without a slash at the end
	Token string
}

// Functions returns what the emulator serves.
func (c Client) Functions(ctx context.Context) ([]Function, error) {
	return fetch[[]Function](ctx, c, request{path: PathFunctions})
}

// Journal returns the last invocations that a filter selects, oldest first.
func (c Client) Journal(ctx context.Context, filter JournalFilter) ([]Invocation, error) {
	return fetch[[]Invocation](ctx, c, request{path: PathJournal, query: query(
		"function", filter.Function, "openid", filter.OpenID, "errors", filter.Errors, "limit", filter.Limit)})
}

// Invocation returns an invocation by its request id.
func (c Client) Invocation(ctx context.Context, requestID string) (*Invocation, error) {
	return fetch[*Invocation](ctx, c, request{path: PathJournal + "/" + url.PathEscape(requestID)})
}

// maxEvent is the size of the longest event of a stream, in bytes.
const maxEvent = 1 << 20

// Follow returns the stream of events from now on. It is open when Follow returns, so that nothing is missed, and ends
// with the context, the emulator, or the loop over it; it can be read once. An error of the sequence is its last value.
func (c Client) Follow(ctx context.Context) (iter.Seq2[Event, error], error) {
	resp, err := c.do(ctx, request{path: PathJournal, accept: EventStream})
	if err != nil {
		return nil, err
	}
	return func(yield func(Event, error) bool) {
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, maxEvent)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue
			}
			var event Event
			if err := json.Unmarshal(data, &event); err != nil {
				yield(Event{}, fmt.Errorf("the emulator's journal: %w", err))
				return
			}
			if !yield(event, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil && ctx.Err() == nil {
			yield(Event{}, fmt.Errorf("the emulator broke off its journal: %w", err))
		}
	}, nil
}

// Scan returns what a code with this content opens, or a link.
func (c Client) Scan(ctx context.Context, content string) (*LaunchOptions, error) {
	return fetch[*LaunchOptions](ctx, c, request{path: PathScan, query: url.Values{"content": {content}}})
}

// ScanPicture returns what the code in a JPEG or PNG file opens.
func (c Client) ScanPicture(ctx context.Context, file []byte) (*LaunchOptions, error) {
	return fetch[*LaunchOptions](ctx, c, request{method: http.MethodPost, path: PathScan, body: file})
}

// Preview returns a code of the developer version that opens a page, given with its query, as a JPEG file.
func (c Client) Preview(ctx context.Context, page string) (jpeg []byte, err error) {
	return c.read(ctx, request{method: http.MethodPost, path: PathPreview, query: url.Values{"path": {page}}})
}

// Stubs returns the stubs that a filter selects, in the order in which they are tried.
func (c Client) Stubs(ctx context.Context, filter StubFilter) ([]StubState, error) {
	return fetch[[]StubState](ctx, c, request{path: PathStubs, query: query("unused", filter.Unused, "limit", filter.Limit)})
}

// AddStubs adds stubs, or none of them if one is wrong: text is as wxfn.stubs.json, one stub, or an array of stubs.
func (c Client) AddStubs(ctx context.Context, text []byte) (*StubsAnswer, error) {
	return fetch[*StubsAnswer](ctx, c, request{method: http.MethodPost, path: PathStubs, body: text})
}

// ReplaceStubs puts stubs in the place of all that were added, as [Client.AddStubs] adds them.
func (c Client) ReplaceStubs(ctx context.Context, text []byte) (*StubsAnswer, error) {
	return fetch[*StubsAnswer](ctx, c, request{method: http.MethodPut, path: PathStubs, body: text})
}

// RemoveStubs removes all stubs that were added, and returns the rest.
func (c Client) RemoveStubs(ctx context.Context) ([]StubState, error) {
	return fetch[[]StubState](ctx, c, request{method: http.MethodDelete, path: PathStubs})
}

// Outbox returns the last messages that a filter selects, oldest first.
func (c Client) Outbox(ctx context.Context, filter OutboxFilter) ([]Message, error) {
	return fetch[[]Message](ctx, c, request{path: PathOutbox, query: query("openid", filter.OpenID, "limit", filter.Limit)})
}

// PhoneCode returns a new code of a user's phone number, for phonenumber.getPhoneNumber.
func (c Client) PhoneCode(ctx context.Context, openid string) (string, error) {
	code, err := fetch[PhoneCode](ctx, c, request{method: http.MethodPost, path: PathPhoneCode, query: url.Values{"openid": {openid}}})
	return code.Code, err
}

// Clock returns the clock.
func (c Client) Clock(ctx context.Context) (Clock, error) {
	return fetch[Clock](ctx, c, request{path: PathClock})
}

// ChangeClock changes the clock, and returns it.
func (c Client) ChangeClock(ctx context.Context, change ClockChange) (Clock, error) {
	text, err := json.Marshal(change)
	if err != nil {
		return Clock{}, fmt.Errorf("the change of the clock: %w", err)
	}
	return fetch[Clock](ctx, c, request{method: http.MethodPost, path: PathClock, body: text})
}

// request is a request of the control API; a GET if it has no method.
type request struct {
	method string
	path   string
	query  url.Values
	body   []byte
	accept string
}

// query returns the parameters whose values are not zero; pairs holds names and values in turn.
func query(pairs ...any) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if v := pairs[i+1]; v != "" && v != 0 && v != false {
			values.Set(fmt.Sprint(pairs[i]), fmt.Sprint(v))
		}
	}
	return values
}

// fetch returns an answer that is JSON.
func fetch[T any](ctx context.Context, c Client, r request) (answer T, err error) {
	text, err := c.read(ctx, r)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer, fmt.Errorf("the emulator at %s has another control API: its answer to %s: %w", c.URL, r.path, err)
	}
	return answer, nil
}

// read returns a whole answer.
func (c Client) read(ctx context.Context, r request) ([]byte, error) {
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("the emulator at %s broke off its answer: %w", c.URL, err)
	}
	return answer, nil
}

// maxRefusal bounds how much of a refusal is read, in bytes.
const maxRefusal = 64 << 10

// do sends a request, and returns an answer of status 200, whose body the caller closes.
func (c Client) do(ctx context.Context, r request) (*http.Response, error) {
	address := c.URL + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	sent.Header.Set("Authorization", "Bearer "+c.Token)
	if r.accept != "" {
		sent.Header.Set("Accept", r.accept)
	}
	resp, err := http.DefaultClient.Do(sent)
	if err != nil {
		return nil, fmt.Errorf("the emulator at %s does not answer: %w", c.URL, errors.Unwrap(err)) // without the URL again
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	refusal := &Error{}
	_ = json.Unmarshal(text, refusal) // else the status says it
	refusal.StatusCode, refusal.Status = resp.StatusCode, resp.Status
	return nil, refusal
}
