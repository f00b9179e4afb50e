package pack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wxcloud-go/wxfn/config"
)

// Files that look like secrets are named before they are uploaded; others, and those that are left out, are not.
func TestWarnings(t *testing.T) {
	t.Parallel()
	const begin = "-----BEGIN "
	files := map[string]string{
		"cert/apiclient_key.pem":   "the private key of a WeChat Pay merchant",
		"cert/apiclient_cert.p12":  "the certificate of a WeChat Pay merchant, with its private key",
		"server.KEY":               "a private key",
		"store.pfx":                "a store of keys",
		"id_rsa":                   "an SSH key",
		"deep/down/id_ed25519":     "an SSH key",
		"credentials.json":         "credentials",
		"prod.env":                 "variables of an environment, often with passwords",
		"service-account-1.json":   "the key of a service account",
		"private.wx0123456789.key": "the key by which code of a Mini Program is uploaded",
		"binary.pem":               "a key or a certificate",
		"aws_credentials":          "credentials",
		"config.Secret.json":       "secrets",
		"secrets.yaml":             "secrets",
		"db_password.txt":          "passwords",
	}
	contents := map[string]string{
		"notes.txt":     "see below:\n" + begin + "EC PRIVATE KEY-----\nMHcCAQ…\n",
		"lib/key.js":    "module.exports = `" + begin + "PRIVATE KEY-----\nMII…`\n",
		"encrypted.txt": begin + "ENCRYPTED PRIVATE KEY-----\r\n",
		"pgp.asc":       begin + "PGP PRIVATE KEY BLOCK-----\n",
		"google.json":   `{"type": "service_account", "project_id": "p"}`,
		"inline.json":   `{"cert": "` + begin + `CERTIFICATE-----\nMII", "key": "` + begin + `RSA PRIVATE KEY-----\nMII"}`,
	}
	harmless := map[string]string{
		"main.go": "package main\n", "config.json": "{}", "keys.txt": "a key", "monkey": "", "secretary.json": "{}", "environment.json": "{}", "public.asc": begin + "PGP PUBLIC KEY BLOCK-----\n",
		"ca.pem": begin + "CERTIFICATE-----\nMII\n", "pub.pem": begin + "PUBLIC KEY-----\n", "large.txt": strings.Repeat("x", maxSecret+1),
		".env": "SECRET=1", ".npmrc": "//r/:_authToken=x", "left.key": "", "old/id_rsa": "", "testdata/id_rsa": "",
	}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want := map[string]string{}
	for name, what := range files {
		write(name, "x")
		want[name] = what
	}
	for name, text := range contents {
		write(name, text)
		want[name] = "a private key"
	}
	want["google.json"] = "the key of a service account"
	for name, text := range harmless {
		write(name, text)
	}
	p, err := New(config.FunctionDir{Name: "hello", Dir: dir, Ignore: []string{"left.key", "old/**"}}, Go1)
	require.NoError(t, err)
	got := map[string]string{}
	for _, w := range p.Warnings() {
		name, rest, _ := strings.Cut(w, " looks like ")
		what, advice, _ := strings.Cut(rest, ", and is in the package; ")
		assert.Contains(t, advice, "name it in ignore of cloudbaserc.json")
		got[name] = what
	}
	assert.Equal(t, want, got)
}
