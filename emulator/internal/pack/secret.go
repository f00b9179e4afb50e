package pack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// secretNames are patterns for names of files that hold keys and passwords, in lower case, and what such a file is; the first
// one counts. Names that start with a dot are never packaged.
var secretNames = []struct{ pattern, what string }{
	{"apiclient_key.pem", "the private key of a WeChat Pay merchant"},
	{"apiclient_cert.p12", "the certificate of a WeChat Pay merchant, with its private key"},
	{"id_rsa", sshKey}, {"id_dsa", sshKey}, {"id_ecdsa", sshKey}, {"id_ed25519", sshKey},
	{"private.*.key", "the key by which code of a Mini Program is uploaded"},
	{"*.key", "a private key"},
	{"*.p12", keyStore}, {"*.pfx", keyStore}, {"*.jks", keyStore}, {"*.keystore", keyStore},
	{"*.kdbx", "a store of passwords"},
	{"*.ppk", sshKey},
	{"client_secret*.json", credentials},
	{"service-account*.json", serviceAccount}, {"service_account*.json", serviceAccount}, {"serviceaccount*.json", serviceAccount},
	{"*.env", "variables of an environment, often with passwords"},
	{"*.pem", "a key or a certificate"},
	{"*credential", credentials}, {"*credentials", credentials}, {"*credential.*", credentials}, {"*credentials.*", credentials},
	{"*secret", secrets}, {"*secrets", secrets}, {"*secret.*", secrets}, {"*secrets.*", secrets},
	{"*password", passwords}, {"*passwords", passwords}, {"*password.*", passwords}, {"*passwords.*", passwords},
}

const (
	credentials    = "credentials"
	passwords      = "passwords"
	secrets        = "secrets"
	sshKey         = "an SSH key"
	keyStore       = "a store of keys"
	serviceAccount = "the key of a service account"
)

// maxSecret is the size up to which a file's content is looked at, in bytes.
const maxSecret = 256 << 10

// Warnings returns what a reader should know of the package before it is uploaded, one line each: files that look as if they
// hold a secret.
func (p *Package) Warnings() (warnings []string) {
	for _, f := range p.files {
		if what := f.secret(); what != "" {
			warnings = append(warnings, fmt.Sprintf("%s looks like %s, and is in the package; if the function does not read it, name it in ignore of cloudbaserc.json, or move it out of the folder", f.name, what))
		}
	}
	return warnings
}

// secret says what secret a file of the function's folder seems to hold, "" if none.
func (f *file) secret() string {
	if f.from == "" {
		return "" // it is made
	}
	if f.size <= maxSecret {
		if content, err := f.content(); err == nil {
			if what := secretIn(content); what != "" {
				return what
			}
			if strings.EqualFold(path.Ext(f.name), ".pem") && bytes.Contains(content, []byte("-----BEGIN ")) {
				return "" // certificates, and no private key among them
			}
		}
	}
	name := strings.ToLower(path.Base(f.name))
	for _, s := range secretNames {
		if matched, _ := path.Match(s.pattern, name); matched {
			return s.what
		}
	}
	return ""
}

// secretIn says what secret a content is, "" if none.
func secretIn(content []byte) string {
	for rest := content; ; {
		_, after, found := bytes.Cut(rest, []byte("-----BEGIN "))
		if !found {
			break
		}
		var kind []byte
		if kind, rest, found = bytes.Cut(after, []byte("-----")); !found {
			break
		}
		if bytes.HasSuffix(kind, []byte("PRIVATE KEY")) || bytes.HasSuffix(kind, []byte("PRIVATE KEY BLOCK")) {
			return "a private key"
		}
	}
	var account struct {
		Type       string
		PrivateKey string `json:"private_key"`
	}
	if json.Unmarshal(content, &account) == nil && (account.Type == "service_account" || account.PrivateKey != "") {
		return serviceAccount
	}
	return ""
}
