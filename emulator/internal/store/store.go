// Package store keeps what the emulated platform must remember: the codes that it made, and so the quota they used.
package store

import (
	"errors"
	"time"
)

// ErrFull means that the app has used up its codes.
var ErrFull = errors.New("no codes left")

// Code is a QR code or Mini Program code, and what it opens.
type Code struct {
	// ID is what the picture holds, in the form that the platform gives it.
	ID string
	// AppID is the app that the code opens.
	AppID string
	// API is the name of the API that made it.
	API string
	// Path is the page with its query.
	Path    string
	Width   int
	Created time.Time
}

// Store is safe for concurrent use.
type Store interface {
	// AddCode keeps a code, unless its app has limit codes already: then the error is [ErrFull]. used counts the app's
	// codes, this one with them.
	AddCode(c Code, limit int) (used int, err error)
	// Code returns the code of this ID; ok is false where there is none.
	Code(id string) (c Code, ok bool, err error)
}
