package permcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/config/permcheck/apiuse"
	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

// The codes of this package's own findings.
const (
	codeMissingPermission   = "missing-permission"
	codeUnknownCall         = "unknown-call"
	codeComputedAPI         = "computed-api"
	codeUnresolvedAPI       = "unresolved-api"
	codeUnusedPermission    = "unused-permission"
	codeUnsortedPermissions = "unsorted-permissions"
	codeRetiredAPI          = "retired-api"
)

const (
	docPermissions = "https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/openapi/openapi.html"
	docESModules   = "https://docs.cloudbase.net/cloud-function/how-to-use-esm"
)

var ownRules = []config.Rule{
	{Code: codeMissingPermission, Severity: config.Error,
		Meaning: "The code calls an API that config.json does not permit; the cloud answers such a call with -604101, and still does for ten minutes after the entry is uploaded.",
		Fix:     "Add the name of the API to permissions.openapi in the function's config.json; wxfn check --fix does it.",
		See:     docPermissions},
	{Code: codeUnknownCall, Severity: config.Error,
		Meaning: "The code calls an API that does not exist; the cloud answers with -604100.",
		Fix:     "Write the name as in the API reference: no prefix, upper and lower case as there.",
		See:     docPermissions},
	{Code: codeComputedAPI, Severity: config.Error,
		Meaning: "The name of an API is made up at run time; what the function needs to be permitted cannot be told.",
		Fix:     "Write the name as a constant, or name all that it can be in a comment //wxfn:permissions on the line of the call or the one above.",
		See:     docPermissions},
	{Code: codeUnresolvedAPI, Severity: config.Warning,
		Meaning: "The code reaches APIs in a way that cannot be followed; what it calls there may lack its permission.",
		Fix:     "Write the name of the API out, or name all that it can be in a comment // wxfn:permissions on the line of the call or the one above.",
		See:     docPermissions},
	{Code: codeUnusedPermission, Severity: config.Warning,
		Meaning: "config.json permits an API that the code never calls; the function may do more than it has to.",
		Fix:     "Remove the entry from permissions.openapi; wxfn check --fix --prune does it.",
		See:     docPermissions},
	{Code: codeUnsortedPermissions, Severity: config.Warning,
		Meaning: "The entries of permissions.openapi are not sorted; changes to the list are harder to read and to merge. Only wxfn check --sort reports it.",
		Fix:     "Sort the entries by name; wxfn check --sort --fix does it.",
		See:     docPermissions},
	{Code: codeRetiredAPI, Severity: config.Warning,
		Meaning: "config.json permits an API that WeChat no longer offers; calls of it fail, permitted or not.",
		Fix:     "Call the API that has taken its place, and permit that one.",
		See:     docPermissions},
	{Code: apiuse.OutsideFolder, Severity: config.Error,
		Meaning: "The code loads a file or a package that is outside the function's folder. Only the folder is uploaded, so that the cloud does not find it.",
		Fix:     "Move the file into the function's folder, or install the package there.",
	},
	{Code: apiuse.ModuleEntry, Severity: config.Error,
		Meaning: "The file that starts the function is an ES module, and the cloud requires it as CommonJS, whatever the type in package.json says.",
		Fix:     "Keep the entry file CommonJS, and have it import the ES module.",
		See:     docESModules},
}

// Rules returns every code that a finding of a report can have, one row each: those of this package in a fixed order,
// then those of [config.Rules].
func Rules() []config.Rule { return slices.Concat(ownRules, config.Rules()) }

// rule returns the row of a code.
func rule(code string) (config.Rule, bool) {
	all := Rules()
	i := slices.IndexFunc(all, func(r config.Rule) bool { return r.Code == code })
	if i < 0 {
		return config.Rule{}, false
	}
	return all[i], true
}

// severity returns the severity of a code of this package.
func severity(code string) config.Severity {
	return ownRules[slices.IndexFunc(ownRules, func(r config.Rule) bool { return r.Code == code })].Severity
}

// Explain returns what people want to know of a code, in several lines: what is wrong, what follows from it, what to do,
// and an example. The error, for a code that there is not, is one line and names the codes that may have been meant.
func Explain(code string) (string, error) {
	r, ok := rule(code)
	if !ok {
		return "", fmt.Errorf("there is no code %q; %s", code, nearCodes(code))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n\n%s\n\nFix: %s\n", r.Code, r.Severity, r.Meaning, r.Fix)
	if e, ok := examples[code]; ok {
		fmt.Fprintf(&b, "\nExample: %s\n\n%s\n\nbecomes\n\n%s\n", e.file, indented(e.before), indented(e.after))
	}
	if r.See != "" {
		fmt.Fprintf(&b, "\nSee %s\n", r.See)
	}
	return b.String(), nil
}

// nearCodes returns the advice for a code that there is not: up to three that resemble it.
func nearCodes(wrong string) string {
	var codes, near []string
	for _, r := range Rules() {
		codes = append(codes, r.Code)
	}
	for len(near) < 3 {
		n := catalog.NearestOf(wrong, codes)
		if n == "" {
			break
		}
		near = append(near, n)
		codes = slices.DeleteFunc(codes, func(c string) bool { return c == n })
	}
	word := strings.ToLower(strings.TrimSpace(wrong))
	for _, c := range codes {
		if len(near) < 3 && len(word) > 3 && strings.Contains(c, word) {
			near = append(near, c)
		}
	}
	if len(near) == 0 {
		return "write one that stands in brackets in a finding, such as " + codeMissingPermission
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// indented returns a text with four spaces before each of its lines.
func indented(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
