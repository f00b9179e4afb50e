const cloud = require('wx-server-sdk')
exports.main = () => cloud.openapi.wxacode.get({}) // want wxacode.get
if (!process.env.SCF) return
exports.extra = () => cloud.openapi.wxacode.createQRCode({}) // want wxacode.createQRCode
