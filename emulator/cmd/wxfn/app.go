package main

import (
	"errors"
	"strings"
)

// apps are the values of --app: the secrets of apps, by AppID.
type apps map[string]string

// appsUsage is what --app says of itself.
const appsUsage = "an app that gets access tokens, as `APPID:SECRET`; repeat it for more (default: the project's, with a random secret)"

// appsOf returns the value of a flag --app that fills to.
func appsOf(to *map[string]string) apps {
	*to = map[string]string{}
	return *to
}

// Set implements pflag.Value.
func (a apps) Set(text string) error {
	id, secret, _ := strings.Cut(text, ":")
	if id == "" || secret == "" {
		return errors.New("write APPID:SECRET")
	}
	a[id] = secret
	return nil
}

// String implements pflag.Value. It shows no secret, because flags are printed.
func (a apps) String() string { return "" }

// Type implements pflag.Value.
func (a apps) Type() string { return "APPID:SECRET" }

const allowHostUsage = "let functions reach `HOST,…` of the platform as it is, which is refused otherwise"
