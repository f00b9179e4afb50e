package message

import (
	"github.com/wxcloud-go/wxfn/config"
	"github.com/wxcloud-go/wxfn/emulator/internal/platform/apicall"
)

// consents count the messages that users take, by openid and template; a negative number means any number of messages.
// nil asks for no consent; otherwise every message without one is refused.
type consents map[string]map[string]int

// Consents returns the consents of users to subscription messages. Without any, every user takes every message.
func (o *Outbox) Consents() apicall.Fixture { return o.consents }

// addConsents adds the consents of users who are asked again to those that they have given.
func addConsents(into *consents, from *config.Stubs) {
	if from.Subscriptions != nil && *into == nil {
		*into = consents{}
	}
	for openid, templates := range from.Subscriptions {
		given := (*into)[openid]
		if given == nil {
			given = map[string]int{}
			(*into)[openid] = given
		}
		for template, n := range templates {
			if had := given[template]; n < 0 || had < 0 {
				given[template] = -1
			} else {
				given[template] = had + n
			}
		}
	}
}

// consent uses up a user's consent to one message of a template. It reports whether there was one, or none is needed.
func (o *Outbox) consent(openid, template string) bool {
	needed, given := false, false
	o.consents.Visit(func(c *consents) bool {
		needed = needed || *c != nil
		n := (*c)[openid][template]
		if n > 0 {
			(*c)[openid][template]--
		}
		given = n != 0
		return given
	})
	return given || !needed
}
