const cloud = require('wx-server-sdk')
exports.main = async (event) => {
  await cloud.openapi.templateMessage.send({}) // want templateMessage.send
  return await cloud.openapi.uniformMessage.send({}) // want uniformMessage.send
}
