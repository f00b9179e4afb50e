const cloud = require(process.env.SDK || 'wx-server-sdk')

cloud.init({ env: 'other-1' })

const outcome = async call => {
  try {
    return { ok: await call() }
  } catch (err) {
    return { error: { errCode: err.errCode, errMsg: err.errMsg, message: err.message } }
  }
}

// Makes a cloud call, and calls a function, in an environment that there is not. Returns {ok: result} or {error} of each.
exports.main = async () => ({
  openapi: await outcome(() => cloud.openapi.wxacode.createQRCode({ path: 'page/index/index' })),
  callFunction: await outcome(() => cloud.callFunction({ name: 'goecho', data: {} }))
})
