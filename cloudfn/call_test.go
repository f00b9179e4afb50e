package cloudfn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

// handlerFunc is a Handler made of a function that reads and writes bytes.
type handlerFunc func(ctx context.Context, event []byte) ([]byte, error)

func (f handlerFunc) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

type codeError struct{ code int }

func (e *codeError) Error() string { return fmt.Sprintf("errCode: %d", e.code) }

type valueError string

func (e valueError) Error() string { return string(e) }

func TestGuardComesBackWhateverTheHandlerDoes(t *testing.T) {
	t.Parallel()
	var none map[string]int
	const handler = "TestGuardComesBackWhateverTheHandlerDoes.func"
	for name, c := range map[string]struct {
		do            func() ([]byte, error)
		result        string
		message, kind string
		panicked      bool
		trace         string // its innermost call, for a panic
	}{
		"a result":             {do: func() ([]byte, error) { return []byte("1"), nil }, result: "1"},
		"an error":             {do: func() ([]byte, error) { return []byte("1"), errors.New("sold out") }, message: "sold out", kind: "errorString"},
		"a pointer error":      {do: func() ([]byte, error) { return nil, &codeError{45029} }, message: "errCode: 45029", kind: "codeError"},
		"a value error":        {do: func() ([]byte, error) { return nil, valueError("v") }, message: "v", kind: "valueError"},
		"an unnamed error":     {do: func() ([]byte, error) { return nil, struct{ error }{errors.New("e")} }, message: "e", kind: "struct { error }"},
		"an error that panics": {do: func() ([]byte, error) { return nil, (*codeError)(nil) }, message: "runtime error: invalid memory address or nil pointer dereference", kind: "errorString", panicked: true, trace: "(*codeError).Error"},
		"a panic":              {do: func() ([]byte, error) { panic("boom") }, message: "boom", kind: "string", panicked: true, trace: handler},
		"a panic with error":   {do: func() ([]byte, error) { panic(&codeError{1}) }, message: "errCode: 1", kind: "codeError", panicked: true, trace: handler},
		"a panic of Go's":      {do: func() ([]byte, error) { none["a"] = 1; return nil, nil }, message: "assignment to entry in nil map", kind: "plainError", panicked: true, trace: handler},
		"panic(nil)":           {do: func() ([]byte, error) { panic(nil) }, message: "panic called with nil argument", kind: "PanicNilError", panicked: true, trace: handler},
		"a panic in a panic": {do: func() ([]byte, error) { defer func() { panic("second") }(); panic("first") },
			message: "second", kind: "string", panicked: true, trace: handler},
		"Goexit": {do: func() ([]byte, error) { runtime.Goexit(); return nil, nil }, message: errGoexit.Error(), kind: "errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			a := &app{process: process{stderr: &stderr}, handler: handlerFunc(func(context.Context, []byte) ([]byte, error) { return c.do() })}
			var resp go1.InvokeResponse
			done := make(chan struct{})
			go func() {
				defer close(done)
				a.guard(t.Context(), nil, &resp)
			}()
			<-done
			failure := resp.Error
			assert.Equal(t, c.result, string(resp.Payload))
			assert.Equal(t, c.panicked, strings.HasPrefix(stderr.String(), "panic: "+c.message))
			if c.message == "" {
				assert.Nil(t, failure)
				return
			}
			require.NotNil(t, failure)
			if assert.Equal(t, c.panicked, len(failure.StackTrace) > 0) && c.panicked {
				assert.True(t, strings.HasPrefix(failure.StackTrace[0].Label, c.trace), failure.StackTrace[0].Label)
			}
			failure.StackTrace = nil
			assert.Equal(t, &go1.ResponseError{Message: c.message, Type: c.kind, ShouldExit: c.panicked}, failure)
		})
	}
}

type shop struct{ stock []int }

func (s *shop) sell(i int) int { return s.stock[i] }

func TestAPanicsStackIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	a := &app{process: process{stderr: &stderr}, handler: Func(func(_ context.Context, i int) (int, error) {
		return new(shop).sell(i), nil
	})}
	var resp go1.InvokeResponse
	a.invoke(t.Context(), &Invocation{RequestID: "r-7"}, []byte("3"), &resp)
	require.NotNil(t, resp.Error)
	var labels []string
	for _, f := range resp.Error.StackTrace {
		assert.Equal(t, "github.com/wxcloud-go/wxfn/cloudfn/call_test.go", f.Path)
		assert.Positive(t, f.Line)
		labels = append(labels, f.Label)
	}
	assert.Equal(t, []string{"(*shop).sell", "TestAPanicsStackIsTheProgramsOwn.func1"}, labels)
	assert.Regexp(t, `(?s)^panic: runtime error: index out of range \[3\] with length 0 \[request_id r-7\]\n\ngoroutine \d+.*call_test\.go:\d+`, stderr.String())
}

func TestAHandlerSeesItsInvocationAndOnlyWhileItRuns(t *testing.T) {
	t.Parallel()
	a := &app{process: process{stderr: os.Stderr}}
	inv := &Invocation{RequestID: "r-1"}
	a.handler = handlerFunc(func(ctx context.Context, event []byte) ([]byte, error) {
		got, _ := FromContext(ctx)
		assert.Same(t, inv, got)
		only, ok := a.running.only()
		assert.True(t, ok)
		assert.Same(t, inv, only)
		return event, nil
	})
	var resp go1.InvokeResponse
	a.invoke(t.Context(), inv, []byte("1"), &resp)
	assert.Equal(t, go1.InvokeResponse{Payload: []byte("1")}, resp)
	_, ok := a.running.only()
	assert.False(t, ok)
}
