package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/wxcloud-go/wxfn/openapi/catalog"
)

//go:generate go run ./internal/generate

const (
	schemaVersion = "http://json-schema.org/draft-07/schema#"
	schemaFolder  = "https://raw.githubusercontent.com/wxcloud-go/wxfn/main/config/" // where the schemas can be had from
	docAPIs       = "https://developers.weixin.qq.com/miniprogram/dev/server/API/"
)

// Schema returns the JSON Schema (draft-07) of a function's config.json, for editors and for other tools than ours: the
// names of all APIs with their meanings and pages, and the forms of permissions and triggers. The repository has it as
// config/config.schema.json.
//
// It holds what the rules of [LoadFunction] hold, errors and warnings alike, as far as a schema can say it. It cannot tell
// a cron range that runs backwards, a member that stands twice in an object, a comment, or a trailing comma.
func Schema() []byte {
	return schema{
		{"$schema", schemaVersion},
		{"$id", schemaFolder + "config.schema.json"},
		{"title", "config.json of a WeChat cloud function"},
		{"description", "Which APIs a cloud function (云函数) may call, and when its timer fires.\n\n" + docPermissions},
		{"type", "object"},
		{"properties", schema{
			{"permissions", schema{
				{"description", "What the function may do. The cloud reads a change up to 10 minutes after the upload.\n\n" + docPermissions},
				{"type", "object"},
				{"properties", schema{
					{"openapi", schema{
						{"description", "The APIs that the function may call without a token (云调用). A call of any other fails with -604101.\n\n" + docPermissions},
						{"type", "array"},
						{"items", schema{{"$ref", "#/definitions/api"}}},
						{"uniqueItems", true},
						{"examples", []any{[]string{"wxacode.createQRCode"}}},
					}},
				}},
				{"propertyNames", noMisspelling("openapi")},
			}},
			{"triggers", schema{
				{"description", "The timer (定时触发器) that calls the function: one at most.\n\n" + docTriggers},
				{"type", "array"},
				{"items", schema{{"$ref", "#/definitions/trigger"}}},
				{"maxItems", 1},
				{"examples", []any{[]any{schema{{"name", "myTrigger"}, {"type", "timer"}, {"config", "0 0 2 1 * * *"}}}}},
			}},
		}},
		{"propertyNames", noMisspelling("permissions", "triggers")},
		{"definitions", schema{
			{"api", schema{
				{"description", "An API, named as in the reference.\n\n" + docAPIs},
				{"anyOf", apiSchemas()},
			}},
			{"trigger", schema{
				{"type", "object"},
				{"required", []string{"name", "type", "config"}},
				{"properties", schema{
					{"name", schema{
						{"description", "1 to 60 of a-z A-Z 0-9 - _, the first a letter. The event has it as TriggerName."},
						{"type", "string"},
						{"pattern", triggerName.String()},
						{"examples", []string{"myTrigger"}},
					}},
					{"type", schema{
						{"description", "There is no other type than timer."},
						{"const", "timer"},
					}},
					{"config", schema{
						{"description", "When it fires, in the time zone UTC+8, as a cron expression of seven fields: second minute hour day month weekday year. " +
							"A field is *, or a list a,b of values and ranges a-b, each with /n for every nth. 0 0 2 1 * * * is 2:00 on the first of each month.\n\n" + docTriggers},
						{"type", "string"},
						{"pattern", cronPattern()},
						{"examples", []string{"0 0 2 1 * * *", "0 */5 * * * * *", "0 0 9 * * MON-FRI *"}},
					}},
				}},
			}},
			{"misspelling", schema{
				{"description", "A name that was likely meant as one that the cloud reads."},
				{"pattern", misspelling()},
			}},
		}},
	}.text()
}

// StubsSchema returns the JSON Schema (draft-07) of wxfn.stubs.json. The repository has it as config/stubs.schema.json.
//
// It holds what the rules of [LoadProject] hold for that file, as [Schema] does. It cannot tell whether a file can be read,
// a duration is at most 10 minutes or min is above max, a path in params is one and leads to a parameter of the API, there
// is an API that a wildcard matches, or an earlier stub takes all calls of a later one.
func StubsSchema() []byte {
	return schema{
		{"$schema", schemaVersion},
		{"$id", schemaFolder + "stubs.schema.json"},
		{"title", "wxfn.stubs.json"},
		{"description", "What the emulator answers in place of the platform."},
		{"allowComments", true}, // these two are extensions of Visual Studio Code
		{"allowTrailingCommas", true},
		{"type", "object"},
		{"properties", schema{
			{"$schema", schema{{"description", "The address of the file's JSON Schema, for editors."}}},
			{"stubs", schema{
				{"description", "Of the stubs that match a call, the first answers."},
				{"type", "array"},
				{"items", schema{{"$ref", "#/definitions/stub"}}},
			}},
			{"riskyTexts", schema{
				{"description", "security.msgSecCheck finds a text risky that contains one of these, ignoring case."},
				{"type", "array"},
				{"items", schema{{"type", "string"}}},
			}},
			{"phoneNumbers", schema{
				{"description", "What phonenumber.getPhoneNumber answers, by openid: digits, abroad after +852- or the like."},
				{"type", "object"},
				{"additionalProperties", schema{{"type", "string"}, {"pattern", phoneNumber.String()}}},
			}},
			{"subscriptions", schema{
				{"description", "How many messages users have consented to, by openid and template; -1 for a long-term subscription. With it, subscribeMessage.send of any other fails with 43101."},
				{"type", "object"},
				{"additionalProperties", schema{
					{"type", "object"},
					{"additionalProperties", schema{{"type", "integer"}, {"minimum", -1}}},
				}},
			}},
		}},
		{"additionalProperties", false},
		{"definitions", schema{
			{"stub", stubSchema()},
			{"api", schema{
				{"anyOf", append(apiSchemas(), schema{
					{"description", "Every API whose name matches: * stands for any run of characters."},
					{"type", "string"},
					{"pattern", `\*`},
				})},
			}},
			{"condition", schema{
				{"properties", schema{
					{"$like", schema{{"description", "A pattern for a string: * stands for any run of characters, ? for one, and \\ makes them plain."}, {"type", "string"}}},
					{"$exists", schema{{"description", "Whether there is anything."}, {"type", "boolean"}}},
				}},
				// An object is a value that the parameter must equal, unless a name in it starts with a dollar.
				{"if", schema{{"type", "object"}, {"not", schema{{"propertyNames", schema{{"not", schema{{"pattern", `^\$`}}}}}}}}},
				{"then", schema{{"properties", schema{{"$like", true}, {"$exists", true}}}, {"additionalProperties", false}}},
			}},
			{"count", schema{{"type", "integer"}, {"minimum", 0}, {"maximum", maxExact}}},
			{"duration", schema{
				{"description", `From 0 to 10 minutes, with a unit: "200ms", "1.5s".`},
				{"pattern", durationPattern},
			}},
		}},
	}.text()
}

// durationPattern has what time.ParseDuration takes, but no minus.
const durationPattern = `^\+?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// stubSchema returns the schema of a stub. Which members there are, which of them are answers, and which belong to another
// one, is what its reader says.
func stubSchema() schema {
	var properties, dependencies schema
	var answers []string
	for _, m := range stubMembers {
		properties = append(properties, member{m.key, stubMemberSchemas[m.key]})
		if m.with != "" {
			dependencies = append(dependencies, member{m.key, []string{m.with}})
		}
		if !m.answer {
			continue
		}
		// There is one answer at most, so each forbids itself to those before it.
		for _, answer := range answers {
			i := slices.IndexFunc(dependencies, func(d member) bool { return d.key == answer })
			forbidden := dependencies[i].value.(schema)
			forbidden[0].value = append(forbidden[0].value.(schema), member{m.key, false})
		}
		answers = append(answers, m.key)
		dependencies = append(dependencies, member{m.key, schema{{"properties", schema{}}}})
	}
	return schema{
		{"type", "object"},
		{"required", []string{"api"}},
		{"properties", properties},
		{"additionalProperties", false},
		{"dependencies", dependencies},
	}
}

var stubMemberSchemas = map[string]schema{
	"name":     {{"description", "For people: in the journal and in messages."}, {"type", "string"}},
	"api":      {{"description", "The API whose calls it answers; * stands for any run of characters."}, {"allOf", []schema{{{"$ref", "#/definitions/api"}}}}},
	"function": {{"description", "The name of the calling function, any if empty; * stands for any run of characters."}, {"type", "string"}},
	"openid":   {{"description", "The user for whom the function runs, any if empty; * stands for any run of characters."}, {"type", "string"}},
	"params": {
		{"description", "Conditions on the call's parameters, by gjson path: a value that the parameter must equal, {\"$like\": \"*text*\"}, or {\"$exists\": true}.\n\n" + docPaths},
		{"type", "object"},
		{"propertyNames", schema{{"minLength", 1}}},
		{"additionalProperties", schema{{"$ref", "#/definitions/condition"}}},
	},
	"after":       {{"description", "Lets so many matching calls pass before it answers."}, {"allOf", []schema{{{"$ref", "#/definitions/count"}}}}},
	"times":       {{"description", "Answers so many calls; all if 0."}, {"allOf", []schema{{{"$ref", "#/definitions/count"}}}}},
	"result":      {{"description", "The API's answer, names as on the wire."}, {"type", "object"}},
	"file":        {{"description", "An answer of bytes, at most 10 MiB: a path, relative to the folder of this file."}, {"type", "string"}, {"minLength", 1}},
	"contentType": {{"description", "The content type of file; by its name or content if empty."}, {"type", "string"}},
	"errcode": {
		{"description", "The errcode that the API answers with, such as 45029."},
		{"type", "integer"}, {"minimum", -maxExact}, {"maximum", maxExact},
		{"not", schema{{"const", 0}}},
	},
	"errmsg":      {{"description", "The errmsg beside errcode; the platform's text for it if empty."}, {"type", "string"}},
	"systemError": {{"description", "An error of the platform itself.\n\n" + docPermissions}, {"enum", systemErrors}},
	"fault": {{"anyOf", []schema{
		{{"const", FaultTimeout}, {"description", "There is no answer until the caller gives up."}},
		{{"const", FaultCut}, {"description", "The connection ends in the middle of the answer."}},
		{{"const", FaultMalformed}, {"description", "The answer cannot be parsed."}},
	}}},
	"delay": {
		{"description", `Passes before the answer, at most 10 minutes: a duration such as "200ms", or the range that it is drawn from.`},
		{"type", []string{"string", "object"}},
		{"pattern", durationPattern},
		{"properties", schema{
			{"min", schema{{"description", "The least delay."}, {"type", "string"}, {"pattern", durationPattern}}},
			{"max", schema{{"description", "The longest delay."}, {"type", "string"}, {"pattern", durationPattern}}},
			{"seed", schema{{"description", "Makes the same draws again."}, {"type", "integer"}, {"minimum", 0}, {"maximum", uint64(math.MaxUint64)}}},
		}},
		{"additionalProperties", false},
	},
}

// apiSchemas returns a schema for each name that [catalog.Known] knows, those of the reference first.
func apiSchemas() []schema {
	var schemas []schema
	for _, api := range catalog.All() {
		schemas = append(schemas, schema{
			{"const", api.Name},
			{"description", fmt.Sprintf("%s %s.\n\n%s", api.Name, api.Summary, api.Page)},
		})
	}
	for _, name := range catalog.Older() {
		meaning := name + " is an older name: functions use it, and the reference does not list it (any more)."
		if instead, ok := catalog.Retired(name); ok {
			meaning = name + " is an older name, which WeChat no longer offers: " + instead + "."
		}
		schemas = append(schemas, schema{{"const", name}, {"description", meaning}})
	}
	return append(schemas, schema{
		{"type", "string"},
		{"pattern", catalog.Unlisted.String()},
		{"description", "Of the calls of an official account (公众号) no complete list is known here."},
	})
}

// noMisspelling returns the schema of names in an object that has these settings. As in [lintKeys], names that are like no
// setting are allowed.
func noMisspelling(keys ...string) schema {
	return schema{{"anyOf", []schema{
		{{"enum", keys}},
		{{"not", schema{{"$ref", "#/definitions/misspelling"}}}},
	}}}
}

// misspelling returns a pattern for the names that [lintKeys] takes for a setting, and for the settings themselves.
func misspelling() string {
	var words []string
	for _, s := range settings {
		words = append(words, edited(2, s.key))
	}
	return "^(" + strings.Join(words, "|") + ")$"
}

// edited returns a pattern for the words that up to n edits, as [distance] counts them, make of a word in any case.
func edited(n int, word string) string {
	if n == 0 {
		return anyCase(word)
	}
	if word == "" {
		return fmt.Sprintf(".{0,%d}", n)
	}
	first, rest := anyCase(word[:1]), word[1:]
	parts := []string{first + edited(n, rest)}
	// Some edits here put as many characters before the first one, or it is among those that are replaced or left out.
	for here := 1; here <= n; here++ {
		parts = append(parts, fmt.Sprintf(".{0,%d}%s?%s", here, first, edited(n-here, rest)))
	}
	return "(" + strings.Join(parts, "|") + ")"
}

// anyCase returns a pattern for a word in any case.
func anyCase(word string) string {
	var b strings.Builder
	for i := range len(word) {
		c := word[i : i+1]
		fmt.Fprintf(&b, "[%s%s]", strings.ToUpper(c), strings.ToLower(c))
	}
	return b.String()
}

// cronPattern returns a pattern for what [ParseCron] takes. It also has ranges that run backwards, and steps that are too
// large.
func cronPattern() string {
	var fields []string
	for _, f := range cronFields {
		values := []string{"0*(" + numbers(f.min, f.max) + ")"}
		for _, name := range f.names {
			values = append(values, anyCase(name))
		}
		value := "(" + strings.Join(values, "|") + ")"
		item := fmt.Sprintf(`(\*|%s(-%s)?)(/0*[1-9][0-9]{0,4})?`, value, value)
		fields = append(fields, fmt.Sprintf("%s(,%s)*", item, item))
	}
	return `^\s*` + strings.Join(fields, `\s+`) + `\s*$`
}

// numbers returns a pattern for the numbers of a range, without leading zeros.
func numbers(low, high int) string {
	if high < 10 {
		return digit(low, high)
	}
	var parts []string
	first, last := low/10, high/10 // of the tens that are whole
	if low%10 > 0 {
		parts = append(parts, tens(first)+digit(low%10, 9))
		first++
	}
	if high%10 < 9 {
		last--
	}
	if first == 0 {
		parts = append(parts, digit(0, 9))
		first++
	}
	if first <= last {
		parts = append(parts, "("+numbers(first, last)+")"+digit(0, 9))
	}
	if high%10 < 9 {
		parts = append(parts, tens(high/10)+digit(0, high%10))
	}
	return strings.Join(parts, "|")
}

// tens returns the digits before the last one.
func tens(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// digit returns a pattern for the digits of a range.
func digit(low, high int) string {
	if low == high {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("[%d-%d]", low, high)
}

// A schema is a JSON object whose members keep their order.
type schema []member

type member struct {
	key   string
	value any
}

func (s schema) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range []any{m.key, m.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(part); err != nil {
				return nil, err
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// text returns the schema as a file.
func (s schema) text() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(err) // there is nothing in it that JSON does not have
	}
	return b.Bytes()
}
