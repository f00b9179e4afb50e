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

// The documents that the rules follow.
const (
	docAppJSON      = "https://developers.weixin.qq.com/miniprogram/dev/reference/configuration/app.html"
	docCloudBase    = "https://docs.cloudbase.net/cli-v1/functions/configs"
	docContainer    = "https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/container/concept.html"
	docConcurrency  = "https://cloud.tencent.com/document/product/583/123888"
	docESModules    = "https://docs.cloudbase.net/cloud-function/how-to-use-esm"
	docHTTPFunction = "https://docs.cloudbase.net/cloud-function/develop/scf-bootstrap"
	docPaths        = "https://github.com/tidwall/gjson/blob/master/SYNTAX.md"
	docPermissions  = "https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/openapi/openapi.html"
	docProject      = "https://developers.weixin.qq.com/miniprogram/dev/devtools/projectconfig.html"
	docSDK          = "https://www.npmjs.com/package/wx-server-sdk"
	docTemplates    = "https://docs.cloudbase.net/cli-v1/config"
	docTriggers     = "https://developers.weixin.qq.com/miniprogram/dev/wxcloud/guide/functions/triggers.html"
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
	codeEntryName           = "entry-name"
	codeTypeScriptEntry     = "typescript-entry"
	codeNotExecutable       = "not-executable"
	codeLineEnds            = "line-ends"
	codeNoServer            = "no-server"
	codeTwoHomes            = "two-homes"
	codeDuplicateFunction   = "duplicate-function"
	codeMissingFunction     = "missing-function"
	codeFunctionName        = "function-name"
	codeFunctionType        = "function-type"
	codeTimeoutRange        = "timeout-range"
	codeLongTimeout         = "long-timeout"
	codeMemorySize          = "memory-size"
	codePort                = "port-range"
	codeConcurrency         = "concurrency-range"
	codeVariableName        = "variable-name"
	codeVariableType        = "variable-type"
	codeTemplate            = "unexpanded-template"
	codeUnsetVariable       = "unset-variable"
	codeEnvFile             = "env-file"
	codeMissingPages        = "missing-pages"
	codeUnknownKey          = "unknown-key"
	codeUnknownAPI          = "unknown-api"
	codeUnknownParameter    = "unknown-parameter"
	codeStubNeverAnswers    = "stub-never-answers"
	codeStubPath            = "stub-path"
	codeStubOperator        = "stub-operator"
	codeStubCount           = "stub-count"
	codeStubAnswers         = "stub-answers"
	codeStubAnswerPart      = "stub-answer-part"
	codeStubFile            = "stub-file"
	codeStubErrCode         = "stub-errcode"
	codeStubSystemError     = "stub-system-error"
	codeStubFault           = "stub-fault"
	codeStubDelay           = "stub-delay"
	codePhoneNumber         = "phone-number"
	codeOldSDK              = "old-sdk"
)

var rules = []Rule{
	{codeUnreadableFile, Error, "The file or folder cannot be read, or it is larger than 1 MiB; nothing of it is used.", "Correct its permissions, or make it an ordinary file.", ""},
	{codeInvalidJSON, Error, "The file is not JSON; nothing of it is used.", "Correct the JSON at the place named; everything before it was understood.", ""},
	{codeByteOrderMark, Warning, "The file starts with a UTF-8 byte order mark, which other tools refuse.", "Save the file as UTF-8 without BOM.", ""},
	{codeJSONComment, Warning, "The file has a comment; JSON has none, and WeChat DevTools or the CloudBase CLI may refuse it.", "Remove all comments of the file.", ""},
	{codeTrailingComma, Warning, "A comma stands before a closing bracket; WeChat DevTools or the CloudBase CLI may refuse it.", "Remove the comma.", ""},
	{codeDuplicateKey, Warning, "An object has two members with the same name; only the last one counts.", "Remove one of them.", ""},
	{codeMissingKey, Error, "An object lacks a member that it needs.", "Add the member.", ""},
	{codeMisspeltKey, Error, "The name is nearly one that the cloud reads, and is ignored as it stands.", "Correct the spelling; upper and lower case matter.", docPermissions},
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
	{codeEntryName, Error, "The cloud starts a Node function by its index.js, or the file of the handler in cloudbaserc.json, whatever main of package.json says.", "Rename the file to index.js, or add an index.js that requires it.", docESModules},
	{codeTypeScriptEntry, Warning, "The cloud starts a JavaScript file, and only the TypeScript that it is compiled from is there. wxfn compiles that itself, and does not check its types.", "Compile it before the upload.", ""},
	{codeNotExecutable, Warning, "A bootstrap or scf_bootstrap file is not executable, so it cannot start the function.", "Set its executable bit: chmod +x.", ""},
	{codeLineEnds, Error, "The lines of a bootstrap or scf_bootstrap script end with CR LF; the cloud looks for an interpreter whose name ends with CR, and the function does not start.", "Save the script with LF line ends, and keep them in git: scf_bootstrap text eol=lf in .gitattributes.", docHTTPFunction},
	{codeNoServer, Error, "The function has the type HTTP in cloudbaserc.json, and its folder has nothing that serves HTTP.", "Add a Go main package, index.js, or an executable scf_bootstrap that starts a web server; or remove the type.", docHTTPFunction},
	{codeTwoHomes, Warning, "The folder is a Cloud Run service by its container.config.json, and an HTTP function by its scf_bootstrap or its type; it is served as a Cloud Run service.", "Keep one of them.", ""},
	{codeDuplicateFunction, Error, "Two functions have the same name; neither can be called.", "Rename one, or remove it from cloudbaserc.json.", docCloudBase},
	{codeMissingFunction, Error, "cloudbaserc.json describes a function whose folder does not exist; the entry is not used.", "Create the folder, or correct name or dir.", docCloudBase},
	{codeFunctionName, Error, "A function's name is its folder's name and part of its address: it is not empty and has no slash; the entry is not used.", "Put the path into dir, and a plain name into name.", docCloudBase},
	{codeFunctionType, Warning, "The type of a function is Event or HTTP; anything else counts as Event.", `Write "type": "HTTP", or remove it.`, docCloudBase},
	{codeTimeoutRange, Error, "A function's timeout is a whole number of seconds from 1 to 900; the setting is not used.", "Write a number from 1 to 60.", docCloudBase},
	{codeLongTimeout, Warning, "A function's timeout is above the documented limit of 60 seconds; not every environment accepts it.", "Write a number from 1 to 60, or make sure that your environment allows more.", docCloudBase},
	{codeMemorySize, Error, "A function's memorySize is a whole number of megabytes; the setting is not used.", "Write 128, 256, 512, 1024 or 2048.", docCloudBase},
	{codePort, Error, "The containerPort of container.config.json is a port, from 1 to 65535; the setting is not used.", "Write the port on which the program listens, such as 80.", docContainer},
	{codeConcurrency, Error, "The requests that one instance of an HTTP function serves at once (instanceConcurrencyConfig.maxConcurrency) are a whole number from 1 to 100; the setting is not used.", "Write such a number, or leave it out: then it is one.", docConcurrency},
	{codeVariableName, Error, "No process can have such an environment variable; it is not set.", "Use letters, digits and _ in names, and no NUL character in values.", docCloudBase},
	{codeVariableType, Warning, "The value of an environment variable is a string; numbers and booleans are used as their text.", "Put the value into quotes.", docCloudBase},
	{codeTemplate, Warning, "The value has a template that stands for nothing: none of {{env.NAME}}, {{tcb.envId}} and {{util.uid}}; for the CloudBase CLI it is empty.", "Write {{env.NAME}}, and NAME=… into .env, or into .env.local for a secret.", docTemplates},
	{codeUnsetVariable, Warning, "A template needs a variable that neither a .env file beside cloudbaserc.json nor the environment sets; for the CloudBase CLI it is empty.", "Add NAME=… to .env, to .env.local for a secret, or to .env.MODE for wxfn dev --mode MODE.", docTemplates},
	{codeEnvFile, Error, "A line of a .env file cannot be read as the CloudBase CLI reads it: NAME=value, with quotes around the value or not, and comments in lines of their own.", "Correct the line, or start it with # for a comment.", docTemplates},
	{codeMissingPages, Warning, "The folder of the Mini Program does not exist, so its pages are unknown, and codes and links may lead to any page.", "Build the Mini Program, or correct miniprogramRoot in project.config.json.", docProject},
	{codeUnknownKey, Warning, "The member is none that wxfn.stubs.json can have there; it is ignored.", "Correct the spelling, upper and lower case matter; or remove it.", ""},
	{codeUnknownAPI, Warning, "A stub is for an API that is not known; it answers only if there is such an API after all.", "Write the name as in the API reference: no prefix, upper and lower case as there; * stands for any run of characters.", docPermissions},
	{codeUnknownParameter, Warning, "A stub has a condition on a parameter that the API does not have; it likely never answers.", "Write the parameter's name as in the API reference.", ""},
	{codeStubNeverAnswers, Warning, "An earlier stub takes every call that this one could answer.", "Move the narrower stub up, or narrow the earlier one.", ""},
	{codeStubPath, Error, "A condition of a stub has no gjson path for its name; the stub is not used.", "Write the parameter's name, and what is in it after dots.", docPaths},
	{codeStubOperator, Error, "A condition of a stub has an operator that there is not; the stub is not used.", "Write $like, $exists, or a value that the parameter must equal.", ""},
	{codeStubCount, Error, "The after and times of a stub are whole numbers, 0 or more; the stub is not used.", "Write such a number, or leave it out.", ""},
	{codeStubAnswers, Error, "A stub has one answer: result, file, errcode, systemError or fault; one with several is not used.", "Keep one; write further stubs for the others.", ""},
	{codeStubAnswerPart, Error, "contentType belongs to the file of a stub, and errmsg to its errcode; a stub with one alone is not used.", "Add the other, or remove it.", ""},
	{codeStubFile, Error, "The file of a stub cannot be read, or it is larger than 10 MiB; the stub is not used.", "Correct the path, which is relative to the stub file's folder, or the file's permissions.", ""},
	{codeStubErrCode, Error, "The errcode of a stub is a whole number other than 0; the stub is not used.", "Write the code of an error; for a success, write result.", ""},
	{codeStubSystemError, Error, "The systemError of a stub is none of the platform's; the stub is not used.", "Write one of -604100 to -604104, -601001, -601002; the codes of an API go into errcode.", docPermissions},
	{codeStubFault, Error, "The fault of a stub is timeout, cut or malformed; a stub with another is not used.", "Write one of them.", ""},
	{codeStubDelay, Error, "The delay of a stub is a duration of at most 10 minutes, or min, max and seed; the stub is not used.", `Write a duration such as "200ms", and min not above max.`, ""},
	{codeOldSDK, Warning, "package.json asks for a wx-server-sdk older than 0.8, of 2019. The emulator serves neither its uploads nor the callFunction of 0.0 and 0.1, which sends no token.", "Take a later version: run npm install wx-server-sdk@latest in the function's folder.", docSDK},
	{codePhoneNumber, Error, "A phone number is digits, after a + or not; the entry is not used.", "Write the digits without spaces.", ""},
}

// severity returns the severity of a code. Every code has a row: a test makes each of them.
func severity(code string) Severity {
	return rules[slices.IndexFunc(rules, func(r Rule) bool { return r.Code == code })].Severity
}
