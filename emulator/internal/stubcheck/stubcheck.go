// Package stubcheck checks stubs that are made in Go as a stub file is checked.
package stubcheck

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// Check returns what is strange about stubs that would be added together: an API or a parameter that there is not, a
// stub whose calls an earlier one takes. The error is about one that can never work.
func Check(stubs ...config.Stub) (warnings []string, err error) {
	var texts []string
	for i := range stubs {
		if err := stubs[i].Check(); err != nil {
			return nil, err
		}
		text, err := json.Marshal(stubs[i])
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	_, findings := config.ParseStubs("", []byte("["+strings.Join(texts, ",\n")+"]"), dir)
	for _, f := range findings {
		warnings = append(warnings, lineOfText.ReplaceAllString(f.Message, "")+"; "+f.Advice)
	}
	return warnings, nil
}

// lineOfText is what messages say of places, which stubs made in Go do not have.
var lineOfText = regexp.MustCompile(` \(line \d+\)`)
