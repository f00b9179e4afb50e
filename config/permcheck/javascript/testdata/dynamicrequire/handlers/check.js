const cloud = require('wx-server-sdk')
exports.run = (event) => cloud.openapi.security.msgSecCheck({}) // want security.msgSecCheck
