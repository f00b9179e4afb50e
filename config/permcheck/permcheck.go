// Package permcheck finds the APIs that the code of cloud functions can call, and compares them with what the functions'
// config.json permits: a missing entry is found before the upload, and not by -604101 after it.
//
// What code can call the packages golang and javascript find; their documentation says how far they see.
package permcheck

import "github.com/wxcloud-go/wxfn/config/permcheck/apiuse"

// Step is one step from a function's start to a call.
type Step = apiuse.Step

// Position is a place in a source file.
type Position = apiuse.Position
