const { openapi } = require('wx-server-sdk')
exports.send = function send(message) {
  return openapi.subscribeMessage.send(message) // want subscribeMessage.send
}
