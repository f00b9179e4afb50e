const cloud = require('wx-server-sdk')
exports.run = (event) => cloud.openapi.subscribeMessage.send({}) // want subscribeMessage.send
