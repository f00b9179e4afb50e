package config

import "slices"

// A Rule explains the findings of one code.
type Rule struct {
	Code     string   // stable, to be used in baselines and in the documentation
	Severity Severity // the severity of every finding with this code
	Meaning  string   // what is wrong and what follows from it
	Fix      string   // what to do, in general; a finding's Advice is about the case at hand
	See      string   // address of the official document, or empty
}

// Rules returns every code that a finding of this package can have, one row each, in a fixed order.
func Rules() []Rule { return slices.Clone(rules) }

// The official documents that the rules follow.
const (
	docAppJSON     = "https://developers.weixin.qq.com/miniprogram/dev/reference/configuration/app.html"
	docCloudBase   = "https://docs.cloudbase.net/cli-v1/functions/configs"
	docPermissions = "https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/openapi/openapi.html"
	docProject     = "https://developers.weixin.qq.com/miniprogram/dev/devtools/projectconfig.html"
	docTriggers    = "https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions/triggers.html"
)

const (
	codeUnreadableFile      = "unreadable-file"
	codeInvalidJSON         = "invalid-json"
	codeByteOrderMark       = "byte-order-mark"
	codeJSONComment         = "json-comment"
	codeTrailingComma       = "trailing-comma"
	codeDuplicateKey        = "duplicate-key"
	codeMissingKey          = "missing-key"
	codeMisspeltKey         = "misspelt-key"
	codeWrongType           = "wrong-type"
	codeUnknownPermission   = "unknown-permission"
	codeDuplicatePermission = "duplicate-permission"
	codeTooManyTriggers     = "too-many-triggers"
	codeTriggerName         = "trigger-name"
	codeTriggerType         = "trigger-type"
	codeTriggerCron         = "trigger-cron"
	codeMissingRoot         = "missing-root"
	codeNoFunctions         = "no-functions"
	codeNoEntry             = "no-entry"
	codeNotExecutable       = "not-executable"
	codeDuplicateFunction   = "duplicate-function"
	codeMissingFunction     = "missing-function"
	codeFunctionName        = "function-name"
	codeFunctionType        = "function-type"
	codeTimeoutRange        = "timeout-range"
	codeLongTimeout         = "long-timeout"
	codeMemorySize          = "memory-size"
	codeVariableName        = "variable-name"
	codeVariableType        = "variable-type"
	codeTemplate            = "unexpanded-template"
)

var rules = []Rule{
	{codeUnreadableFile, Error, "The file or folder cannot be read, or it is larger than 1 MiB; nothing of it is used.", "Correct its permissions, or make it an ordinary file.", ""},
	{codeInvalidJSON, Error, "The file is not JSON; nothing of it is used.", "Correct the JSON at the place named; everything before it was understood.", ""},
	{codeByteOrderMark, Warning, "The file starts with a UTF-8 byte order mark, which other tools refuse.", "Save the file as UTF-8 without BOM.", ""},
	{codeJSONComment, Warning, "The file has a comment; JSON has none, and WeChat DevTools or the CloudBase CLI may refuse it.", "Remove all comments of the file.", ""},
	{codeTrailingComma, Warning, "A comma stands before a closing bracket; WeChat DevTools or the CloudBase CLI may refuse it.", "Remove the comma.", ""},
	{codeDuplicateKey, Warning, "An object has two members with the same name; only the last one counts.", "Remove one of them.", ""},
	{codeMissingKey, Error, "An object lacks a member that it needs.", "Add the member.", ""},
	{codeMisspeltKey, Warning, "The name is nearly one that the cloud reads, and is ignored as it stands.", "Correct the spelling; upper and lower case matter.", docPermissions},
	{codeWrongType, Error, "The value has another JSON type than the setting needs; it is not used.", "Write the type named.", ""},
	{codeUnknownPermission, Error, "permissions.openapi names an API that cannot be called from a cloud function; the function still gets -604101 for the one that was meant.", "Write the name as in the API reference: no prefix, upper and lower case as there.", docPermissions},
	{codeDuplicatePermission, Warning, "permissions.openapi names an API twice.", "Remove one of the entries.", docPermissions},
	{codeTooManyTriggers, Error, "A function can have one trigger; the others are not used.", "Keep one trigger; list several times in its cron expression, or use another function.", docTriggers},
	{codeTriggerName, Error, "A trigger's name is 1 to 60 of a-z A-Z 0-9 - _ and starts with a letter; the trigger is not used.", "Choose such a name.", docTriggers},
	{codeTriggerType, Error, "The only type of trigger is timer; the trigger is not used.", `Write "type": "timer".`, docTriggers},
	{codeTriggerCron, Error, "The cron expression is not valid; the trigger is not used.", "Write seven fields: second minute hour day month weekday year, in the time zone UTC+8.", docTriggers},
	{codeMissingRoot, Error, "The folder of the cloud functions does not exist.", "Create it, or correct cloudfunctionRoot in project.config.json or functionRoot in cloudbaserc.json.", docProject},
	{codeNoFunctions, Warning, "There is no cloud function in the project.", "Set cloudfunctionRoot in project.config.json, or load the folder that holds the functions.", docProject},
	{codeNoEntry, Warning, "Nothing in the function's folder can be started.", "Add index.js, a Go main package, an executable bootstrap or scf_bootstrap; or move the folder out of the function root.", ""},
	{codeNotExecutable, Warning, "A bootstrap or scf_bootstrap file is not executable, so it cannot start the function.", "Set its executable bit: chmod +x.", ""},
	{codeDuplicateFunction, Error, "Two functions have the same name; neither can be called.", "Rename one, or remove it from cloudbaserc.json.", docCloudBase},
	{codeMissingFunction, Error, "cloudbaserc.json describes a function whose folder does not exist; the entry is not used.", "Create the folder, or correct name or dir.", docCloudBase},
	{codeFunctionName, Error, "A function's name is its folder's name and part of its address: it is not empty and has no slash; the entry is not used.", "Put the path into dir, and a plain name into name.", docCloudBase},
	{codeFunctionType, Warning, "The type of a function is Event or HTTP; anything else counts as Event.", `Write "type": "HTTP", or remove it.`, docCloudBase},
	{codeTimeoutRange, Error, "A function's timeout is a whole number of seconds from 1 to 900; the setting is not used.", "Write a number from 1 to 60.", docCloudBase},
	{codeLongTimeout, Warning, "A function's timeout is above the documented limit of 60 seconds; not every environment accepts it.", "Write a number from 1 to 60, or make sure that your environment allows more.", docCloudBase},
	{codeMemorySize, Error, "A function's memorySize is a whole number of megabytes; the setting is not used.", "Write 128, 256, 512, 1024 or 2048.", docCloudBase},
	{codeVariableName, Error, "No process can have such an environment variable; it is not set.", "Use letters, digits and _ in names, and no NUL character in values.", docCloudBase},
	{codeVariableType, Warning, "The value of an environment variable is a string; numbers and booleans are used as their text.", "Put the value into quotes.", docCloudBase},
	{codeTemplate, Warning, "The value is a template that only the CloudBase CLI fills in; the setting is not used.", "Write the value itself where it is needed outside the CLI.", docCloudBase},
}

// severity returns the severity of a code. Every code has a row: a test makes each of them.
func severity(code string) Severity {
	return rules[slices.IndexFunc(rules, func(r Rule) bool { return r.Code == code })].Severity
}
