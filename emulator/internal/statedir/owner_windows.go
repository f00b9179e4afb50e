package statedir

import "io/fs"

const noFollow = 0

// The user's folders are the user's own on Windows, by the access control lists of the profile.
func owned(fs.FileInfo) bool  { return true }
func shared(fs.FileInfo) bool { return false }

func writable(string) error { return nil }
