const sdk = process.env.SDK || 'wx-server-sdk'
const cloud = require(sdk)

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

// Buffers of an event have crossed JSON.
const revive = (key, value) => value && value.type === 'Buffer' ? Buffer.from(value.data) : value

// Calls an API with the official SDK, of the version in the variable SDK, and returns {openid, ok: result} or {openid, error}.
//
//   api             its name, such as "wxacode.createQRCode"
//   params          its parameters
//   undefined       names of more parameters, with the value undefined
//   options         those of cloud.openapi(options)
//   parseContext    true: parse the context argument first, as functions on @cloudbase/node-sdk do
exports.main = async (event, context) => {
  if (event.parseContext) require(require.resolve('@cloudbase/node-sdk', { paths: [require.resolve(sdk)] })).parseContext(context)
  const params = event.params === undefined ? undefined : JSON.parse(JSON.stringify(event.params), revive)
  for (const name of event.undefined || []) params[name] = undefined
  const api = event.api.split('.').reduce((o, name) => o[name], event.options ? cloud.openapi(event.options) : cloud.openapi)
  let outcome
  try {
    outcome = { ok: await api(params) }
  } catch (err) {
    outcome = { error: { errCode: err.errCode, errMsg: err.errMsg, message: err.message } }
  }
  return { openid: cloud.getWXContext().OPENID, ...outcome }
}
