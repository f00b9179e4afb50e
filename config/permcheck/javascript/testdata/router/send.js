const cloud = require('wx-server-sdk')
module.exports = async (ctx, next) => {
  const tasks = ctx.users.map((user) => cloud.openapi.subscribeMessage.send({ user })) // want subscribeMessage.send
  ctx.body = await Promise.all(tasks)
}
