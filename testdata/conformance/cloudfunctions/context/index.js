const cloud = require(process.env.SDK || 'wx-server-sdk')
const tcb = require('@cloudbase/node-sdk')

cloud.init()

// Returns all that an invocation knows.
exports.main = async (event, context) => ({
  pid: process.pid,
  event,
  wxContext: cloud.getWXContext(),
  context,
  parsed: tcb.parseContext(context),
  env: { ...process.env }
})
