package cloudfn

import (
	"fmt"
	"net"
	"net/rpc"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

// From the start of a process to its first answer. A test binary is larger than a
// function, so this is more than a function takes.
func BenchmarkColdStart(b *testing.B) {
	for b.Loop() {
		port := freePort(b)
		cmd, _, _ := spawn(b, "echo", go1Port+"="+port)
		_, err := dialUp(b, port).Invoke(b.Context(), &go1.InvokeRequest{Payload: []byte("1")})
		require.NoError(b, err)
		require.NoError(b, cmd.Process.Kill())
		cmd.Wait()
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
