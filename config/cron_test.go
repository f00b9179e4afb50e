package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCronFieldThatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"":                    `config: cron expression "" has 0 fields, not seven; write second minute hour day month weekday year, such as 0 0 2 1 * * *`,
		"* * * * *":           `config: cron expression "* * * * *" has 5 fields, not seven; write second minute hour day month weekday year, such as 0 0 2 1 * * *`,
		"60 0 2 1 * * *":      `config: cron field 1 (second) cannot be "60"; write * or values of 0-59 as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 -1 2 1 * * *":      `config: cron field 2 (minute) cannot be "-1"; write * or values of 0-59 as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 0 24 1 * * *":      `config: cron field 3 (hour) cannot be "24"; write * or values of 0-23 as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 0 2 L * * *":       `config: cron field 4 (day) cannot be "L"; write * or values of 1-31 as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 0 2 1 FRI * *":     `config: cron field 5 (month) cannot be "FRI"; write * or values of 1-12 (JAN-DEC) as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 0 2 1 * ? *":       `config: cron field 6 (weekday) cannot be "?"; write * or values of 0-6 (SUN-SAT) as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 0 2 1 * FRI-SUN *": `config: cron field 6 (weekday) cannot be "FRI-SUN"; write * or values of 0-6 (SUN-SAT) as a list a,b or a range a-b, from low to high, with /n for every nth`,
		"0 0 2 1 * * 2100":    `config: cron field 7 (year) cannot be "2100"; write * or values of 1970-2099 as a list a,b or a range a-b, from low to high, with /n for every nth`,
	} {
		_, err := ParseCron(expr)
		assert.EqualError(t, err, want)
	}
	for _, word := range []string{"1,", ",1", "1-", "1-2-3", "*/0", "*/-5", "*/", "*-5", "1/2/3", "1.5", "+1", "**", "a", "99999999999999999999", "*/99999999999999999999"} {
		_, err := ParseCron(word + " * * * * * *")
		assert.Error(t, err, word)
	}
}

func TestCronFires(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02 15:04:05 Mon"
	for _, c := range []struct {
		fact  string
		expr  string
		after string // in UTC+8
		want  []string
	}{
		{"on every fifth second", "*/5 * * * * * *", "2024-02-29 23:59:51", []string{"2024-02-29 23:59:55 Thu", "2024-03-01 00:00:00 Fri", "2024-03-01 00:00:05 Fri"}},
		{"after the time asked about, not at it", "0 0 2 1 * * *", "2024-01-01 02:00:00", []string{"2024-02-01 02:00:00 Thu", "2024-03-01 02:00:00 Fri"}},
		{"on weekdays by name in any case", "0 15 10 * * mon-Fri *", "2024-03-01 10:15:00", []string{"2024-03-04 10:15:00 Mon", "2024-03-05 10:15:00 Tue"}},
		{"on Sunday, which is 0", "0 0 0 * * 0 *", "2024-03-01 00:00:00", []string{"2024-03-03 00:00:00 Sun"}},
		{"at each hour of a list", "0 0 10,14,16 * * * *", "2024-03-01 14:00:00", []string{"2024-03-01 16:00:00 Fri", "2024-03-02 10:00:00 Sat"}},
		{"by a step in a range", "0 */30 9-17/4 * * * *", "2024-03-01 13:00:00", []string{"2024-03-01 13:30:00 Fri", "2024-03-01 17:00:00 Fri"}},
		{"by a step from a value to the end", "0 1/25 0 * * * *", "2024-03-01 00:00:00", []string{"2024-03-01 00:01:00 Fri", "2024-03-01 00:26:00 Fri", "2024-03-01 00:51:00 Fri", "2024-03-02 00:01:00 Sat"}},
		{"on the day or the weekday where both are set", "0 0 0 10 * WED *", "2024-05-07 00:00:00", []string{"2024-05-08 00:00:00 Wed", "2024-05-10 00:00:00 Fri", "2024-05-15 00:00:00 Wed"}},
		{"on the weekday alone where all days are written out", "0 0 0 1-31 * WED *", "2024-05-07 00:00:00", []string{"2024-05-08 00:00:00 Wed", "2024-05-15 00:00:00 Wed"}},
		{"on a leap day", "0 0 0 29 FEB * *", "2024-02-29 00:00:00", []string{"2028-02-29 00:00:00 Tue"}},
		{"in the years set", "59 59 23 31 12 * 2098-2099", "2024-01-01 00:00:00", []string{"2098-12-31 23:59:59 Wed", "2099-12-31 23:59:59 Thu"}},
		{"first in 1970", "0 0 0 * * * *", "1066-10-14 00:00:00", []string{"1970-01-01 00:00:00 Thu"}},
	} {
		cron, err := ParseCron(c.expr)
		require.NoError(t, err, c.fact)
		at, err := time.ParseInLocation(time.DateTime, c.after, cronZone)
		require.NoError(t, err, c.fact)
		var got []string
		for range c.want {
			at = cron.Next(at.UTC())
			got = append(got, at.Format(layout))
		}
		assert.Equal(t, c.want, got, c.fact)
	}
}

func TestCronNeverFires(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.True(t, Cron{}.Next(now).IsZero(), "the zero Cron")
	for _, expr := range []string{"0 0 0 31 FEB * *", "0 0 0 1 1 * 2023"} {
		cron, err := ParseCron(expr)
		require.NoError(t, err)
		assert.True(t, cron.Next(now).IsZero(), expr)
	}
}

func TestCronIsPrintedWithSingleSpaces(t *testing.T) {
	t.Parallel()
	cron, err := ParseCron(" 0  0 2\t1 * * * ")
	require.NoError(t, err)
	assert.Equal(t, "0 0 2 1 * * *", cron.String())
}
