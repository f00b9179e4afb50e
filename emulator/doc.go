// Package emulator is WeChat's cloud for functions, on this machine: it runs cloud functions, and answers the calls that
// they make, with the permissions, limits and errors of the platform.
//
// In a test, serve handlers from the test's own process; no socket is opened (package emulatortest closes the emulator
// for you):
//
//	emu := emulatortest.New(t, emulator.Config{})
//	emu.Handle("createqrcode", cloudfn.Func(handle), "wxacode.createQRCode")
//	result, err := emu.As("oAlice").Invoke(ctx, "createqrcode", Event{Path: "page/index/index"})
//
// With [Config].Dir it serves the functions of a project, Go and Node, each in processes of its own, as `wxfn dev` does.
// Those that serve HTTP (HTTP functions, Cloud Run services) answer below /fn/NAME/ of [Emulator.Listen]'s URL, and to an
// http.Client whose Transport is a [Caller].
//
// Each emulator is a world of its own: users, quotas and codes of one are unknown to all others. What functions called is
// in the journal ([Emulator.Calls]), what they sent to users in an outbox ([Emulator.Outbox]); a [Stub] answers in place of
// an API, and [Clock] is the platform's clock.
//
// # Calls of APIs
//
// Cloud calls and HTTPS calls are checked in the platform's order: signature or access token, API, permission, parameters
// and quotas. A missing parameter or one of a wrong type fails with the platform's code, and advice; an unknown one is a
// warning in the journal. An unknown environment is refused where --env or envId of cloudbaserc.json names one; otherwise
// any name will do.
//
//   - wxacode.createQRCode, get and getUnlimited make real codes, which scan and last. All are sent as image/jpeg, a
//     transparent one (is_hyaline) too, which is a PNG. A scene is scanned as pages get it, percent-encoded.
//   - urlscheme.generate, generateNFCScheme, urllink.generate and shortlink.generate make links that [Emulator.Scan]
//     resolves until they expire; urlscheme.query and urllink.query know them.
//   - subscribeMessage.send and customerServiceMessage.send keep messages in the outbox. Values of a subscription message
//     are bound by the type of their keyword (47003). Without subscriptions in wxfn.stubs.json, every user has consented.
//   - security.msgSecCheck passes texts but for those that riskyTexts names. msgSecCheck, mediaCheckAsync and imgSecCheck
//     also answer in their retired form 1.0 (no version), with a warning in the journal.
//   - phonenumber.getPhoneNumber gives each user a number, for any code, once; [Emulator.PhoneCode] makes codes that end
//     after 5 minutes, as real ones do.
//   - Every other API answers with each field of its documented response.
//
// Access tokens live 7200 seconds of the emulator's clock. A new one of /cgi-bin/token leaves the old one 5 minutes; a
// stable token has a successor 5 minutes before its end, or at once by force_refresh, 20 times a day and 30 seconds apart.
// A cloudbase_access_token lives 30 minutes, and its file has a new one every 10. Tokens end with the emulator.
// /sns/jscode2session takes any code once: "oAlice" and "oAlice.2" name their user.
//
// # Functions
//
// A function has the surroundings that it has in the cloud: only a few variables of the developer's shell, its own folder as
// working directory, and for Node as the only place of modules. It can write below /tmp only: on Linux by a mount namespace
// for root and by Landlock (Linux 5.19) for others, which cannot protect a project that is itself below /tmp. A function
// of which only index.ts is there is compiled for the emulator; the cloud needs the compiled file.
//
// An instance of an event or HTTP function serves one call at a time; a Cloud Run service is one instance, which serves
// all of them, with the 100 KB and 15 seconds that a Mini Program has. Dockerfiles are not read. A web server that
// listens on port 9000 whatever PORT says runs one instance at a time. Processes end with the emulator; what a function
// starts detached from itself may stay.
//
// # State
//
// Codes and quotas last in [Config].State, which may be an empty folder or one that an emulator made before. A damaged state
// file is refused, and stays as it is.
//
// # Safety
//
// The emulator listens on the loopback interface and refuses requests for other hosts and from pages of other sites;
// [Config].AllowHosts lists further names. Functions built with package cloudfn and Node functions answer the emulator
// only, as do, on Linux, bootstraps; the ports of other programs are open to this machine, or wider if they choose so.
//
// What functions send to hosts of the platform stays on this machine: it is answered by the emulator, or refused with an
// error that says so. Other hosts are reached as they are. Go and other programs find the emulator by HTTPS_PROXY, Node
// programs by a hook in NODE_OPTIONS; clients that follow no proxy pass it by.
//
// Credentials, tokens, the app's secret, and values of environment variables that look secret show as [secret] in logs,
// errors and the journal. Control characters in what functions print are escaped.
package emulator
