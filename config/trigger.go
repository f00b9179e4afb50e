package config

import (
	"fmt"
	"regexp"
)

// A Trigger is a timer that calls the function.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions/triggers.html.
type Trigger struct {
	Name         string // 1 to 60 of a-z A-Z 0-9 - _, the first a letter; the event carries it as TriggerName
	Cron         Cron   // when it fires
	Line, Column int    // where the trigger stands, as in [Finding]
}

var (
	triggerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,59}$`)
	triggerType = regexp.MustCompile(`^timer$`)
)

// triggers reads the triggers of a config.json, or of a function in cloudbaserc.json. One with a fault is left out.
func triggers(list value) []Trigger {
	entries := list.elements()
	if len(entries) == 0 {
		return nil
	}
	if n := len(entries); n > 1 {
		entries[1].report(codeTooManyTriggers, fmt.Sprintf("%s has %d entries, and a function can have one trigger", list.name, n), "keep the first only")
	}
	t, ok := trigger(entries[0])
	if !ok {
		return nil
	}
	return []Trigger{t}
}

func trigger(entry value) (Trigger, bool) {
	if !entry.is('{') {
		return Trigger{}, false
	}
	name, named := entry.required("name", `"name": "myTrigger"`).matching(triggerName, codeTriggerName, "write 1 to 60 of a-z A-Z 0-9 - _, the first a letter")
	_, typed := entry.required("type", `"type": "timer"`).matching(triggerType, codeTriggerType, `write "timer"`)
	config := entry.required("config", `"config": "0 0 2 1 * * *"`)
	expr, timed := config.string()
	cron, fault := parseCron(expr)
	if timed && fault != nil {
		config.report(codeTriggerCron, fault.message, fault.advice)
	}
	line, column := entry.place()
	return Trigger{Name: name, Cron: cron, Line: line, Column: column}, named && typed && timed && fault == nil
}
