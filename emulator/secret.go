package emulator

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// What is hidden of envVariables: the values of variables with names such as DB_PASSWORD or apiKey, and of other ones the
// passwords in URLs and private keys. Names such as TOKEN_TTL are about a secret, and name none.
var (
	secretName  = regexp.MustCompile(`(?i)secret|passw|passphrase|token|credential|(^|[_-])(pwd|pass|key|auth|salt|dsn)$|(access|api|app|auth|aes|encrypt|encryption|master|mch|private|secret|sign|signing|v3)[_-]?key`)
	secretCamel = regexp.MustCompile(`[a-z](Key|Pwd|Pass)$`)
	aboutSecret = regexp.MustCompile(`(?i)[_-](path|file|dir|url|uri|host|name|ttl|expires?|expiry|timeout|length|size|count|limit|type|alg|algorithm|header|enabled)$`)
)

// minValue is the length, in bytes, of the shortest value that is hidden; a shorter one may be in any text.
const minValue = 6

// secretValues returns the values of variables that look secret.
func secretValues(environ map[string]string) (secrets []string) {
	for name, value := range environ {
		secrets = append(secrets, secretsOf(name, value)...)
	}
	return secrets
}

func secretsOf(name, value string) (secrets []string) {
	var members map[string]any
	if json.Unmarshal([]byte(value), &members) == nil { // a service account, say
		for inner, member := range members {
			if text, ok := member.(string); ok {
				secrets = append(secrets, secretsOf(inner, text)...)
			}
		}
		return secrets
	}
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		if password, ok := u.User.Password(); ok && password != "" {
			_, raw, _ := strings.Cut(u.User.String(), ":")
			secrets = append(secrets, password, raw)
		}
		for parameter, values := range u.Query() {
			secrets = append(secrets, secretsOf(parameter, values[0])...)
		}
		return secrets
	}
	named := (secretName.MatchString(name) || secretCamel.MatchString(name)) && !aboutSecret.MatchString(name)
	_, noNumber := strconv.ParseFloat(value, 64)
	switch {
	case strings.Contains(value, "PRIVATE KEY-----"):
		return []string{strings.ReplaceAll(value, `\n`, "\n")}
	case named && len(value) >= minValue && (noNumber != nil || len(value) > 2*minValue):
		return []string{value}
	}
	return nil
}
