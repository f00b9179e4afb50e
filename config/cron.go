package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Cron is the schedule of a timer, in the time zone UTC+8. The zero Cron never fires.
//
// It has seven fields: second, minute, hour, day, month, weekday (0 is Sunday), year (1970 to 2099). A field is a list,
// separated by commas, of *, values a, and ranges a-b. With /n only every nth value of a range counts; a/n is the range
// from a to the field's end. Where day and weekday are both restricted, either is enough.
//
// See https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions/triggers.html.
type Cron struct {
	text   string
	fields [7][]bool // indexed by a value minus the field's lowest
}

// The fields by their index.
const (
	cronSecond = iota
	cronMinute
	cronHour
	cronDay
	cronMonth
	cronWeekday
	cronYear
)

var cronFields = [7]struct {
	name     string
	min, max int
	names    []string // of the values, from min on
}{
	{"second", 0, 59, nil},
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day", 1, 31, nil},
	{"month", 1, 12, strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
	{"weekday", 0, 6, strings.Fields("SUN MON TUE WED THU FRI SAT")},
	{"year", 1970, 2099, nil},
}

var cronZone = time.FixedZone("UTC+8", 8*60*60)

// ParseCron parses a cron expression. The error names the first field that is wrong, and says what it may hold.
func ParseCron(expr string) (Cron, error) {
	c, fault := parseCron(expr)
	if fault != nil {
		return Cron{}, fmt.Errorf("config: %s; %s", fault.message, fault.advice)
	}
	return c, nil
}

// A cronFault is what is wrong with a cron expression, in the two parts that a [Finding] has.
type cronFault struct{ message, advice string }

func parseCron(expr string) (Cron, *cronFault) {
	words := strings.Fields(expr)
	if len(words) != len(cronFields) {
		return Cron{}, &cronFault{
			fmt.Sprintf("cron expression %q has %d fields, not seven", expr, len(words)),
			"write second minute hour day month weekday year, such as 0 0 2 1 * * *",
		}
	}
	c := Cron{text: strings.Join(words, " ")}
	for i, word := range words {
		set, ok := parseCronField(i, word)
		if !ok {
			return Cron{}, &cronFault{
				fmt.Sprintf("cron field %d (%s) cannot be %q", i+1, cronFields[i].name, word),
				"write " + cronHolds(i),
			}
		}
		c.fields[i] = set
	}
	return c, nil
}

// cronHolds says what a field may hold.
func cronHolds(field int) string {
	f := cronFields[field]
	values := fmt.Sprintf("%d-%d", f.min, f.max)
	if f.names != nil {
		values += fmt.Sprintf(" (%s-%s)", f.names[0], f.names[len(f.names)-1])
	}
	return "* or values of " + values + " as a list a,b or a range a-b, from low to high, with /n for every nth"
}

func parseCronField(field int, word string) (set []bool, ok bool) {
	lowest := cronFields[field].min
	set = make([]bool, cronFields[field].max-lowest+1)
	for item := range strings.SplitSeq(word, ",") {
		first, last, step, ok := parseCronItem(field, item)
		if !ok {
			return nil, false
		}
		for v := first; v <= last; v += step {
			set[v-lowest] = true
		}
	}
	return set, true
}

// parseCronItem parses one item of a list: the range that it covers, and the distance of the values that count.
func parseCronItem(field int, item string) (first, last, step int, ok bool) {
	span, every, stepped := strings.Cut(item, "/")
	from, to, ranged := strings.Cut(span, "-")
	first, last, step, ok = cronFields[field].min, cronFields[field].max, 1, true
	if span != "*" {
		first, ok = cronValue(field, from)
		if ranged && ok {
			last, ok = cronValue(field, to)
		} else if !stepped {
			last = first
		}
	}
	if ok && stepped {
		step, ok = digits(every)
		ok = ok && step > 0
	}
	return first, last, step, ok && first <= last
}

// cronValue parses a number or a name of a field.
func cronValue(field int, word string) (n int, ok bool) {
	f := cronFields[field]
	if i := slices.Index(f.names, strings.ToUpper(word)); i >= 0 {
		return f.min + i, true
	}
	n, ok = digits(word)
	return n, ok && f.min <= n && n <= f.max
}

// digits parses up to four digits, with no sign.
func digits(word string) (n int, ok bool) {
	u, err := strconv.ParseUint(word, 10, 16)
	return int(u), err == nil
}

// String returns the expression, its fields separated by single spaces.
func (c Cron) String() string { return c.text }

// Next returns the first time after a given one at which the timer fires, on a whole second and in UTC+8; the zero time
// when it never fires again.
func (c Cron) Next(after time.Time) time.Time {
	t := after.In(cronZone).Truncate(time.Second).Add(time.Second)
	if epoch := time.Date(cronFields[cronYear].min, 1, 1, 0, 0, 0, 0, cronZone); t.Before(epoch) {
		t = epoch
	}
	// Each step goes to the start of the next unit that could fit, the largest first.
	for t.Year() <= cronFields[cronYear].max {
		y, m, d := t.Date()
		switch {
		case !c.has(cronYear, y):
			t = time.Date(y+1, 1, 1, 0, 0, 0, 0, cronZone)
		case !c.has(cronMonth, int(m)):
			t = time.Date(y, m+1, 1, 0, 0, 0, 0, cronZone)
		case !c.hasDay(t):
			t = time.Date(y, m, d+1, 0, 0, 0, 0, cronZone)
		case !c.has(cronHour, t.Hour()):
			t = time.Date(y, m, d, t.Hour()+1, 0, 0, 0, cronZone)
		case !c.has(cronMinute, t.Minute()):
			t = t.Truncate(time.Minute).Add(time.Minute)
		case !c.has(cronSecond, t.Second()):
			t = t.Add(time.Second)
		default:
			return t
		}
	}
	return time.Time{}
}

// has reports whether a field holds a value.
func (c Cron) has(field, v int) bool {
	i := v - cronFields[field].min
	return i < len(c.fields[field]) && c.fields[field][i]
}

// hasDay reports whether the timer fires on the day of t.
func (c Cron) hasDay(t time.Time) bool {
	day := c.has(cronDay, t.Day())
	week := c.has(cronWeekday, int(t.Weekday()))
	if c.restricts(cronDay) && c.restricts(cronWeekday) {
		return day || week
	}
	return day && week
}

// restricts reports whether a field leaves out any value.
func (c Cron) restricts(field int) bool { return slices.Contains(c.fields[field], false) }
