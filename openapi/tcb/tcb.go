// Package tcb is the wire of a cloud call: what a cloud function sends to CloudBase's admin endpoint
// (https://<env>.<region>.tcb-api.tencentcloudapi.com/admin), and what it gets back.
//
// A client makes a [Request], signs it with [Request.HTTP], and reads the answer with [ReadOpenAPI] or [ReadInvoke].
// A server reads a request with [ParseRequest], checks its signature with [Request.Verify], and answers with the
// Marshal method of [CommOpenAPIResp], [InvokeResult] or [Error]. The package knows no API and keeps no state; package
// openapi builds the SDK on it, and the emulator the other end.
//
// The facts are those of the official SDK, wx-server-sdk 4.0.2 (https://www.npmjs.com/package/wx-server-sdk). A server
// also understands its older versions: those from 2.1 on sign with TC3 as 4.x does, those from 0.8 to 2.0, and
// tcb-admin-node below them, with the v2 signature in the body.
package tcb
