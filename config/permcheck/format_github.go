package permcheck

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

// Workflow commands are lines; these characters mean something in them. See
// https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions.
var (
	gitHubText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	gitHubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func writeGitHub(b *bytes.Buffer, r *Report, _ writeOptions) error {
	property := func(s string) string { return gitHubProperty.Replace(printable(s)) }
	text := func(lines []string) string { return gitHubText.Replace(printable(strings.Join(lines, "\n"))) }
	for _, f := range r.Findings {
		command := "error"
		if f.Severity == config.Warning {
			command = "warning"
		}
		fmt.Fprintf(b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command,
			property(r.machineName(f.File)), max(f.Line, 1), max(f.Column, 1), property(f.Code), text(append([]string{f.text()}, r.way(f)...)))
	}
	for _, f := range r.Failures {
		fmt.Fprintf(b, "::error file=%s,title=%s::%s\n", property(r.machineName(f.Dir)), property(f.Function+" could not be analysed"), text(f.lines()))
	}
	return nil
}
