// A cloud function that tells what it was called with, like those in Go beside it.
exports.main = async (event, context) => ({
  Event: event,
  OpenID: process.env.WX_OPENID || '',
  AppID: process.env.WX_APPID,
  UnionID: process.env.WX_UNIONID || '',
  Env: context.namespace,
  Source: process.env.TCB_SOURCE,
  Function: context.function_name,
  Greeting: process.env.GREETING,
  MemoryLimitMB: context.memory_limit_in_mb,
  PID: process.pid
})
