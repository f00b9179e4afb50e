package go1_test

import (
	"net/rpc"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/cloudfn/go1"
)

// Echo calls over one loopback connection: one after another through Client, and
// many at once through net/rpc, each to both servers.
func BenchmarkEcho(b *testing.B) {
	for _, server := range []struct {
		name  string
		start func() string
	}{
		{"Server", func() string { _, address := serve(b, echo); return address }},
		{"net/rpc", func() string { return serveRPC(b, echo) }},
	} {
		address := server.start()
		b.Run("one after another/"+server.name, func(b *testing.B) {
			c := newClient(b, address)
			b.ReportAllocs()
			for b.Loop() {
				_, err := c.Invoke(b.Context(), &full)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
		b.Run("32 at once/"+server.name, func(b *testing.B) {
			c := rpc.NewClient(dial(b, address))
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := c.Call("Function.Invoke", &full, &go1.InvokeResponse{}); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
