// Package api is the emulator's control API: what a test or a tool asks of the emulator itself. It has the paths, the JSON
// types and a [Client]; the handlers are in package control.
//
//	GET /_wxfn/functions         [Function]s: what is served
//	GET /_wxfn/journal           the last [Invocation]s, oldest first; ?function=… of a function, ?openid=… of a user,
//	                             ?errors=true only those that failed or had a call that did. With Accept:
//	                             text/event-stream, a stream of all [Event]s from now on, as server-sent events named
//	                             by their type
//	GET /_wxfn/journal/{id}      one of them, by its request id
//	GET /_wxfn/scan?content=…    [LaunchOptions] of a code or a link
//	POST /_wxfn/scan             the same for a picture of a code: the body is a JPEG or PNG file
//	POST /_wxfn/preview?path=…   a code of the developer version, as image/jpeg; it counts against no quota
//	GET /_wxfn/stubs             [StubState]s in the order in which they are tried; ?unused=true only those that have
//	                             answered no call
//	POST /_wxfn/stubs            adds stubs: the body is as wxfn.stubs.json, one stub, or an array of stubs; [StubsAnswer]
//	PUT /_wxfn/stubs             replaces all stubs that were added; [StubsAnswer]
//	DELETE /_wxfn/stubs          removes all stubs that were added, and returns the rest
//	GET /_wxfn/outbox            the last [Message]s that users were sent, oldest first; ?openid=… to one user
//	POST /_wxfn/phonecode?openid=…  a [PhoneCode] of the user, for phonenumber.getPhoneNumber; good once, for 5 minutes
//	GET /_wxfn/clock             the [Clock]
//	POST /_wxfn/clock            changes it: the body is a [ClockChange]
//
// The lists of invocations, stubs and messages end at ?limit=…, [DefaultLimit] entries without it: the last invocations and
// messages, the first stubs. The lists that answer a change of the stubs end at DefaultLimit.
//
// Requests need the header Authorization: Bearer TOKEN. An answer that is not 200 is an [Error].
package api

// Prefix begins the path of every request of the control API.
const Prefix = "/_wxfn/"

// The paths of the control API. One invocation is at PathJournal/{request id}.
const (
	PathFunctions = Prefix + "functions"
	PathJournal   = Prefix + "journal"
	PathScan      = Prefix + "scan"
	PathPreview   = Prefix + "preview"
	PathStubs     = Prefix + "stubs"
	PathOutbox    = Prefix + "outbox"
	PathPhoneCode = Prefix + "phonecode"
	PathClock     = Prefix + "clock"
)

// The number of entries of a list: that of a request without a limit, and the highest limit.
const (
	DefaultLimit = 1000
	MaxLimit     = 10_000
)

// EventStream is the media type of the journal's stream.
const EventStream = "text/event-stream"
