package cloudfn

import "context"

// An Option changes how [Start] and [StartHTTP] run a function.
type Option func(*options)

type options struct {
	hooks        []func(context.Context)
	runtime      Runtime // "" is told by the environment
	trustHeaders bool
	maxEvent     int64
}

func optionsOf(opts []Option) options {
	o := options{maxEvent: 6 << 20}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// OnShutdown has f called at SIGTERM, after the running invocations have ended and
// before the program exits: to flush and to close. Several are called one after
// another, in the order of the options. ctx ends 10 seconds after the first was
// called; the platform may kill the process sooner.
func OnShutdown(f func(ctx context.Context)) Option {
	return func(o *options) { o.hooks = append(o.hooks, f) }
}

// WithRuntime runs the program in r, whatever its environment tells. PORT still holds
// the port of [RuntimeHTTP] and [RuntimeCloudRun].
func WithRuntime(r Runtime) Option {
	return func(o *options) { o.runtime = r }
}

// TrustHeaders says that the headers X-WX-… of requests are true wherever the program
// runs, because all requests come through a proxy that passes on WeChat's and removes
// the clients' own. As on the platform, a request without X-WX-SOURCE does not come
// from WeChat, and has no caller; one that has any of them twice is refused with
// status 400.
//
// Without it they are believed where the platform itself sets them: in Cloud Run, in
// an HTTP cloud function and under the emulator. Elsewhere anybody could write
// somebody's openid there, and they are removed from the request. That the platform
// removes a client's own is documented of Cloud Run only: before an HTTP cloud function
// with a public URL relies on OpenID, send it a header X-WX-SOURCE by that URL.
func TrustHeaders() Option {
	return func(o *options) { o.trustHeaders = true }
}

// MaxEventBytes is the size, in bytes, of the largest event that a request may bring:
// a larger one is refused with status 413. The default is 6 MB, the most that an HTTP
// cloud function is sent; WeChat sends at most 100 KB to Cloud Run. It is no limit
// for [StartHTTP], nor for the runtimes of events, where the platform sets it.
// https://cloud.tencent.com/document/product/583/11637
func MaxEventBytes(n int64) Option {
	return func(o *options) { o.maxEvent = n }
}
