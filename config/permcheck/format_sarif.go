package permcheck

import (
	"bytes"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
)

const (
	module    = "github.com/wxcloud-go/wxfn"
	homepage  = "https://" + module
	sarifRoot = "%SRCROOT%" // what relative URIs are relative to; code scanning services know the name
)

// The parts of SARIF 2.1.0 that a report needs. See
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and, for what code scanning makes of it,
// https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool                `json:"tool"`
		Invocations []sarifInvocation        `json:"invocations"`
		Bases       map[string]sarifArtifact `json:"originalUriBaseIds"`
		ColumnKind  string                   `json:"columnKind"`
		Results     []sarifResult            `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"semanticVersion,omitempty"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifMessage `json:"shortDescription"`
		Full    sarifMessage `json:"fullDescription"`
		HelpURI string       `json:"helpUri"`
		Help    sarifMessage `json:"help"`
		Default sarifLevel   `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level config.Severity `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level     config.Severity `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    *int              `json:"ruleIndex,omitempty"`
		Level        config.Severity   `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Flows        []sarifFlow       `json:"codeFlows,omitempty"`
	}
	sarifFlow struct {
		Threads []sarifThread `json:"threadFlows"`
	}
	sarifThread struct {
		Locations []sarifStep `json:"locations"`
	}
	sarifStep struct {
		Location sarifLocation `json:"location"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
)

func writeSARIF(b *bytes.Buffer, r *Report, _ writeOptions) error {
	return encode(b, r.sarif(version()))
}

// sarif returns the report as made by a version of this module, empty if unknown.
func (r *Report) sarif(version string) sarifLog {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "wxfn", Version: version, URI: homepage, Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{r.sarifInvocation()},
		Bases:       map[string]sarifArtifact{sarifRoot: {URI: fileURI(strings.TrimSuffix(filepath.ToSlash(r.Base), "/") + "/")}},
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
	}
	index := map[string]*int{}
	for _, row := range Rules() {
		if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == row.Code }) {
			index[row.Code] = new(len(run.Tool.Driver.Rules))
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, newSARIFRule(row))
		}
	}
	for _, f := range r.Findings {
		result := sarifResult{
			RuleID:    f.Code,
			RuleIndex: index[f.Code],
			Level:     f.Severity,
			Message:   sarifMessage{f.text()},
			Locations: []sarifLocation{r.sarifLocation(f.File, f.Line, f.Column)},
			// Not primaryLocationLineHash: code scanning works that one out itself, and complains about another.
			Fingerprints: map[string]string{"wxfn/v1": f.fingerprint()},
		}
		if len(f.Path) > 1 {
			var steps []sarifStep
			for _, s := range f.Path {
				location := r.sarifLocation(r.name(s.File), s.Line, s.Column)
				location.Message = &sarifMessage{s.Name}
				steps = append(steps, sarifStep{location})
			}
			result.Flows = []sarifFlow{{[]sarifThread{{steps}}}}
		}
		run.Results = append(run.Results, result)
	}
	return sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

func newSARIFRule(r config.Rule) sarifRule {
	short, _, _ := strings.Cut(r.Meaning, ";")
	s := sarifRule{
		ID:      r.Code,
		Short:   sarifMessage{strings.TrimSuffix(short, ".") + "."},
		Full:    sarifMessage{r.Meaning},
		HelpURI: r.See,
		Help:    sarifMessage{r.Fix},
		Default: sarifLevel{r.Severity},
	}
	if s.HelpURI == "" {
		s.HelpURI = homepage
	}
	return s
}

func (r *Report) sarifInvocation() sarifInvocation {
	i := sarifInvocation{Successful: len(r.Failures) == 0}
	for _, f := range r.Failures {
		place := r.sarifLocation(f.Dir, 0, 0)
		place.Physical.Region = nil
		text := strings.Join(append([]string{f.Function + " could not be analysed:"}, f.lines()...), "\n")
		i.Notifications = append(i.Notifications, sarifNotification{config.Error, sarifMessage{text}, []sarifLocation{place}})
	}
	return i
}

// sarifLocation returns a place in a file that is named as in findings.
func (r *Report) sarifLocation(name string, line, column int) sarifLocation {
	name = r.machineName(name)
	artifact := sarifArtifact{URI: fileURI(name)}
	if !filepath.IsAbs(filepath.FromSlash(name)) {
		artifact = sarifArtifact{URI: relativeURI(name), Base: sarifRoot}
	}
	return sarifLocation{Physical: sarifPhysical{artifact, &sarifRegion{max(line, 1), max(column, 1)}}}
}

// relativeURI returns the reference to a relative path with forward slashes. A colon in it must not look like a scheme.
func relativeURI(path string) string {
	return strings.ReplaceAll((&url.URL{Path: path}).EscapedPath(), ":", "%3A")
}

// fileURI returns the URI of an absolute path with forward slashes: /a, C:/a or //host/a.
func fileURI(path string) string {
	u := url.URL{Scheme: "file", Path: path}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		u.Host, u.Path, _ = strings.Cut(rest, "/")
		path = u.Path
	}
	if !strings.HasPrefix(path, "/") {
		u.Path = "/" + path
	}
	return u.String()
}

// version returns the version of this module in the running program, without its v; empty for one that has none.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if v, ok := strings.CutPrefix(m.Version, "v"); ok && m.Path == module {
			return v
		}
	}
	return ""
}
