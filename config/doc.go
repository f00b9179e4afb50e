// Package config loads and checks the settings that a cloud function project already has: a function's config.json,
// project.config.json, cloudbaserc.json and app.json; and a file of our own, wxfn.stubs.json, with what an emulator
// answers in place of the platform.
//
// Start with [LoadProject]: give it a Mini Program project, a CloudBase project, any folder in one, a folder of function
// folders, or one function folder. It tells which functions there are, how each is started, and which pages the Mini
// Program has. Templates of cloudbaserc.json, such as {{env.API_KEY}}, are filled from .env files, as by the CloudBase CLI.
// [Project.LoadFunction] then reads one function's config.json: what the function may call, and when its timer fires.
// [LoadFunction] does the same for a folder outside any project. [AddPermissions] edits the text of a config.json.
//
// Nothing wrong in a file stops the loading. Each fault becomes a [Finding] that says where it is and what to do, and
// everything around it is still used. A Go error means that the folder itself cannot be read.
//
// All files are JSON. Comments, trailing commas and a byte order mark are read, with a warning, because other tools
// refuse them; in wxfn.stubs.json comments and trailing commas are welcome. Of two members with the same name the last
// one counts, as in JavaScript.
package config
