let cloud
try {
  cloud = require('wx-server-sdk')
} catch (err) {
  console.error(err)
}
const { Moderator } = require('./moderator')
const { createSender } = require('./sender')

function createDeps() {
  return {
    getWXContext: () => cloud.getWXContext(),
    openapi: cloud.openapi,
    download: (options) => cloud.downloadFile(options),
  }
}

async function check(event, context, deps) {
  if (!deps.openapi || !deps.openapi.security) return null
  return deps.openapi.security.msgSecCheck({ content: event.text }) // want security.msgSecCheck
}

const send = createSender(cloud.openapi.subscribeMessage)

exports.check = check
exports.main = async (event, context) => {
  await check(event, context, createDeps())
  await new Moderator({ openapi: cloud.openapi, log: console }).image(event.image)
  await send(event.message)
}
