// Package store keeps what the emulated platform must remember: the codes and links that it made, and so the quotas that
// they used.
package store

import (
	"errors"
	"time"
)

// ErrFull means that the app has used up a quota.
var ErrFull = errors.New("the quota is used up")

// Code is a QR code, a Mini Program code or a link, and what it opens.
type Code struct {
	// ID is what the picture or the link holds, in the form that the platform gives it.
	ID string
	// AppID is the app that the code opens.
	AppID string
	// API is the name of the API that made it.
	API string
	// Path is the page with its query.
	Path string
	// Scene is what a code of getUnlimited hands to the page.
	Scene string `json:",omitempty"`
	// EnvVersion is the version that the code opens; empty for the released one.
	EnvVersion string `json:",omitempty"`
	Width      int    `json:",omitempty"`
	Created    time.Time
	// Expires is when a link ends; zero if never.
	Expires time.Time `json:",omitzero"`
}

// Quota is what a code counts against. The zero Quota is none.
type Quota struct {
	// Name tells the quotas of an app apart.
	Name  string
	Limit int
	// Key, if not empty, counts once, however often it comes.
	Key string
}

// Store is safe for concurrent use.
type Store interface {
	// AddCode keeps a code, unless it finds the quota used up: then the error is [ErrFull]. used is what the app has
	// used of the quota, this code with it. When AddCode returns without an error, the code is kept for good.
	AddCode(c Code, q Quota) (used int, err error)
	// Code returns the code of this ID; ok is false where there is none.
	Code(id string) (c Code, ok bool, err error)
	// Close ends the store; what it was given before stays.
	Close() error
}
