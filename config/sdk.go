package config

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// tooOld matches the versions of wx-server-sdk, and the ranges, that stay below 0.8.
var tooOld = regexp.MustCompile(`^\s*[v=^~]*\s*0\.[0-7](\.[0-9x*]+)*\s*$`)

// officialSDK reports a function's package.json that asks for a wx-server-sdk too old to work in full with the emulator.
func (r *report) officialSDK(dir string) {
	path := filepath.Join(dir, "package.json")
	npm := &report{base: r.base} // npm itself tells what else is wrong in the file
	version := npm.open(path).member("dependencies").member("wx-server-sdk")
	if text, ok := version.string(); ok && tooOld.MatchString(text) {
		line, column := version.place()
		r.add(path, line, column, codeOldSDK,
			fmt.Sprintf("wx-server-sdk %s is older than 0.8; wxfn serves neither its uploads nor the callFunction of 0.0 and 0.1", text),
			"run npm install wx-server-sdk@latest in the function's folder")
	}
}
