const tcb = require(process.env.SDK)

const app = tcb.init()

// Uses the SDK below wx-server-sdk directly. Returns {ok: result} or {error}; a Buffer as base64.
//
//   name, data           the function to call, and its event
//   api, requestData     the API to call, and the protobuf of the call as base64
//   api, data            the API to call by JSON, and its parameters
//   parseContext         true: parse the context argument first
exports.main = async (event, context) => {
  if (event.parseContext) (app.parseContext ? app : tcb).parseContext(context)
  try {
    const ok = event.requestData
      ? await app.callCompatibleWxOpenApi({ apiName: event.api, requestData: Buffer.from(event.requestData, 'base64') })
      : event.api
        ? await app.callWxOpenApi({ apiName: event.api, requestData: event.data })
        : await app.callFunction({ name: event.name, data: event.data })
    return { ok: Buffer.isBuffer(ok) ? ok.toString('base64') : ok }
  } catch (err) {
    return { error: { code: err.code, message: err.message, requestId: err.requestId } }
  }
}
