package openapi

// WithProcess is what a client takes from the process, in a test.
func WithProcess(environ map[string]string, tokenFile string) Option {
	return func(c *Client) {
		c.getenv = func(key string) string { return environ[key] }
		c.tokenFile = tokenFile
	}
}
