package openapi

import "time"

// WithProcess is what a client takes from the process, in a test.
func WithProcess(environ map[string]string, tokenFile string) Option {
	return func(c *Client) {
		c.getenv = func(key string) string { return environ[key] }
		c.tokenFile = tokenFile
	}
}

// StableToken is the source of an app's tokens, which holds one.
func StableToken(appID, token string) TokenSource {
	return &stableToken{appID: appID, token: token, ends: time.Now().Add(time.Hour)}
}
