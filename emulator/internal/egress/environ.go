package egress

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

//go:embed hook.js
var hook []byte

// files are the certificate files by which programs trust this run's authority.
type files struct {
	dir string
	own string // the authority's certificate, with those that the developer has for Node
	// bundle returns the file with the same and the system's roots; "" if the system keeps its roots elsewhere.
	bundle func() (string, error)
}

// systemRoots are the files in which systems keep the certificates that they trust.
var systemRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // macOS, Alpine, BSD
}

// writeFiles writes the authority's certificate into dir.
func writeFiles(dir string, a *authority) (*files, error) {
	f := &files{dir: dir, own: filepath.Join(dir, "ca.pem")}
	f.bundle = sync.OnceValues(func() (string, error) { return writeBundle(filepath.Join(dir, "ca-bundle.pem"), a) })
	if err := os.WriteFile(f.own, append(a.pem(), contents(os.Getenv("NODE_EXTRA_CA_CERTS"))...), 0o600); err != nil {
		return nil, fmt.Errorf("the certificate of this run: %w", err)
	}
	return f, nil
}

// writeBundle writes the system's roots, the developer's and the authority's certificate into a file.
func writeBundle(path string, a *authority) (string, error) {
	var roots []byte
	for _, name := range append([]string{os.Getenv("SSL_CERT_FILE")}, systemRoots...) {
		if roots = contents(name); roots != nil {
			break
		}
	}
	if roots == nil {
		return "", nil
	}
	seen := map[string]bool{os.Getenv("SSL_CERT_FILE"): true}
	for _, variable := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} {
		if name := os.Getenv(variable); !seen[name] {
			seen[name] = true
			roots = append(roots, contents(name)...)
		}
	}
	if err := os.WriteFile(path, append(roots, a.pem()...), 0o600); err != nil {
		return "", fmt.Errorf("the certificates that programs trust: %w", err)
	}
	return path, nil
}

// contents returns a file's text, with a newline at its end; nil if there is no such file.
func contents(name string) []byte {
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil || len(text) == 0 {
		return nil
	}
	return append(bytes.TrimRight(text, "\n"), '\n')
}

// writeHook writes the hook with a gate's settings, and returns its path.
func (f *files) writeHook(g *Gate, port int) (path string, err error) {
	type row struct {
		Pattern string `json:"pattern"`
		Allowed bool   `json:"allowed,omitempty"`
		Refusal string `json:"refusal,omitempty"`
	}
	settings := struct {
		Port  int   `json:"port"`
		Hosts []row `json:"hosts"`
	}{Port: port}
	for _, h := range g.egress.allowed {
		settings.Hosts = append(settings.Hosts, row{Pattern: h.Pattern, Allowed: true})
	}
	for i := range hosts {
		r := row{Pattern: hosts[i].Pattern}
		if hosts[i].Door == Closed {
			r.Refusal = hosts[i].refusal("{host}", g.caller.Name)
		}
		settings.Hosts = append(settings.Hosts, r)
	}
	text, err := json.Marshal(settings)
	if err == nil {
		path = filepath.Join(f.dir, fmt.Sprintf("egress-%d.js", settings.Port))
		err = os.WriteFile(path, fmt.Appendf(nil, "%s\ninstall(%s)\n", hook, text), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("the file that sends Node programs to the emulator: %w", errors.Unwrap(err))
	}
	return path, nil
}

// NodeEnviron returns the variables that lead a Node program to the gate by the hook alone, without a proxy. options are
// the NODE_OPTIONS to keep.
func (g *Gate) NodeEnviron(options string) (map[string]string, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(g.hook)
	return map[string]string{
		"NODE_OPTIONS":        strings.TrimSpace(`--require="` + quoted + `" ` + options),
		"NODE_EXTRA_CA_CERTS": g.files.own,
	}, nil
}

// Environ returns the variables that lead any program to the gate. HTTP clients that follow no proxy bypass it, and Go
// programs on macOS and Windows, which do not read SSL_CERT_FILE, refuse its certificates.
func (g *Gate) Environ(options string) (map[string]string, error) {
	environ, err := g.NodeEnviron(options)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"} {
		environ[name] = g.proxy()
	}
	const loopback = "localhost,127.0.0.1,::1"
	environ["NO_PROXY"], environ["no_proxy"] = loopback, loopback
	environ["DENO_CERT"] = g.files.own
	bundle, err := g.files.bundle()
	if err != nil || bundle == "" {
		return environ, err
	}
	for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		environ[name] = bundle
	}
	return environ, nil
}
