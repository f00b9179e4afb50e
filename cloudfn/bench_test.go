package cloudfn

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/rpc"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
	"github.com/wxcloud-go/wxfn/cloudfn/wxcloud"
)

// From the start of a process to its first answer. A test binary is larger than a
// function, so this is more than a function takes.
func BenchmarkColdStart(b *testing.B) {
	for _, c := range []struct {
		variable string
		call     func(b *testing.B, port string) error
	}{
		{wxcloud.VarGo1Port, func(b *testing.B, port string) error {
			_, err := dialUp(b, port).Invoke(b.Context(), &go1.InvokeRequest{Payload: []byte("1")})
			return err
		}},
		{wxcloud.VarPort, func(b *testing.B, port string) error {
			conn := dial(b, port)
			defer conn.Close()
			return call(conn, bufio.NewReader(conn), "1")
		}},
	} {
		b.Run(c.variable, func(b *testing.B) {
			for b.Loop() {
				port := freePort(b)
				cmd, _, _ := spawn(b, "echo", c.variable+"="+port)
				require.NoError(b, c.call(b, port))
				require.NoError(b, cmd.Process.Kill())
				cmd.Wait()
			}
		})
	}
}

// call makes one request over a connection that stays open.
func call(conn net.Conn, r *bufio.Reader, event string) error {
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"X-Request-Id: r-1\r\nX-WX-SOURCE: wx_client\r\nX-WX-OPENID: o-1\r\nContent-Length: %d\r\n\r\n%s", len(event), event)
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != 200 || string(body) != event) {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return err
}

// Requests over 10 loopback connections, beside a bare handler of net/http that
// decodes and encodes the same.
func BenchmarkEchoOverHTTP(b *testing.B) {
	const event = `{"Width":430}`
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct{ Width int }
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		result, _ := json.Marshal(event)
		w.Header().Set("Content-Type", "application/json")
		w.Write(result)
	}))
	b.Cleanup(bare.Close)
	f := start(b, httpEnviron, nil, Func(same[struct{ Width int }]))
	for _, c := range []struct{ name, address string }{
		{"net/http", bare.Listener.Addr().String()},
		{"cloudfn", f.address},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			calls := make(chan struct{})
			var conns sync.WaitGroup
			for range 10 {
				conn, err := net.Dial("tcp", c.address)
				require.NoError(b, err)
				defer conn.Close()
				r := bufio.NewReader(conn)
				conns.Go(func() {
					for range calls {
						if err := call(conn, r, event); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for b.Loop() {
				calls <- struct{}{}
			}
			close(calls)
			conns.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// Events fetched from a runtime API over loopback, one after another. Most of it is
// the HTTP server at the other end.
func BenchmarkFetchedEcho(b *testing.B) {
	p := newPlatform(b, nil)
	startCustom(b, p, nil, Func(same[struct{ Width int }]))
	b.ReportAllocs()
	for b.Loop() {
		if answer := p.call(`{"Width":430}`, "Request_Id", "r-1", "Time_Limit_In_Ms", "60000"); answer.path != pathResponse {
			b.Fatal(answer)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// Calls over one loopback connection, without variables and with as many as the
// platform sends.
func BenchmarkEcho(b *testing.B) {
	var variables []string
	for i := range 25 {
		variables = append(variables, fmt.Sprintf(`"VARIABLE_%d":"%s"`, i, strings.Repeat("v", 3*i)))
	}
	f := start(b, go1Environ, nil, Func(same[struct{ Width int }]))
	for _, c := range []struct{ name, environ string }{
		{"no variables", ""},
		{"25 variables", "{" + strings.Join(variables, ",") + "}"},
	} {
		req := &go1.InvokeRequest{
			RequestId: "r-1", Payload: []byte(`{"Width":430}`), Environment: c.environ,
			Deadline: go1.Timestamp{Seconds: time.Now().Add(time.Hour).Unix()},
		}
		b.Run(c.name+", one after another", func(b *testing.B) {
			client := f.client(b)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := client.Invoke(b.Context(), req)
				if err != nil || resp.Error != nil {
					b.Fatal(err, resp)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
		b.Run(c.name+", 32 at once", func(b *testing.B) {
			conn, err := net.Dial("tcp", f.address)
			require.NoError(b, err)
			client := rpc.NewClient(conn)
			defer client.Close()
			b.ReportAllocs()
			b.SetParallelism(16) // times the two processors that the figures are of
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := client.Call("Function.Invoke", req, &go1.InvokeResponse{}); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
