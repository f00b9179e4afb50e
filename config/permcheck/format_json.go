package permcheck

import (
	"bytes"
	"encoding/json"

	"github.com/wxcloud-go/wxfn/config"
)

// Document is a report in the format json. Members may be added; one that changes or goes makes a new Version. No list is
// null. Files and folders are named as in [config.Finding], lines and columns are counted from 1, columns in characters.
type Document struct {
	Version   int                `json:"version"` // 1
	Functions []DocumentFunction `json:"functions"`
	Findings  []DocumentFinding  `json:"findings"` // by place, then by code and text
	Failures  []DocumentFailure  `json:"failures"`
}

// DocumentFunction is a function that was checked, in a [Document].
type DocumentFunction struct {
	Name     string      `json:"name"`
	Dir      string      `json:"dir"`
	Kind     config.Kind `json:"kind"`
	Used     []string    `json:"used"`     // the APIs that its code can call, sorted
	Declared []string    `json:"declared"` // the APIs that its config.json permits, sorted
}

// DocumentFinding is one thing wrong, in a [Document].
type DocumentFinding struct {
	File     string          `json:"file"`
	Line     int             `json:"line"`
	Column   int             `json:"column"`
	Code     string          `json:"code"`     // one of [Rules]
	Severity config.Severity `json:"severity"` // "error" or "warning"
	Message  string          `json:"message"`  // what is wrong
	Advice   string          `json:"advice"`   // what to do
	Function string          `json:"function"` // empty where it is about the project
	API      string          `json:"api"`      // empty where it is about no API
	Path     []DocumentStep  `json:"path"`     // from the function's start to the call; empty where it is about no call
}

// DocumentStep is a step to a call, in a [Document].
type DocumentStep struct {
	Name   string `json:"name"` // what is entered or called
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// DocumentFailure is a function that could not be analysed, in a [Document].
type DocumentFailure struct {
	Function string `json:"function"`
	Dir      string `json:"dir"`
	Error    string `json:"error"` // may have several lines
}

func writeJSON(b *bytes.Buffer, r *Report, _ writeOptions) error {
	d := Document{Version: 1, Functions: []DocumentFunction{}, Findings: []DocumentFinding{}, Failures: []DocumentFailure{}}
	for _, f := range r.Functions {
		d.Functions = append(d.Functions, DocumentFunction{f.Name, f.Dir, f.Kind, append([]string{}, f.Used...), append([]string{}, f.Declared...)})
	}
	for _, f := range r.Findings {
		path := []DocumentStep{}
		for _, s := range f.Path {
			path = append(path, DocumentStep{s.Name, r.name(s.File), s.Line, s.Column})
		}
		d.Findings = append(d.Findings, DocumentFinding{f.File, f.Line, f.Column, f.Code, f.Severity, f.Message, f.Advice, f.Function, f.API, path})
	}
	for _, f := range r.Failures {
		d.Failures = append(d.Failures, DocumentFailure{f.Function, f.Dir, f.message()})
	}
	return encode(b, d)
}

// encode writes a value as indented JSON, < and > as they are.
func encode(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
