const cloud = require('wx-server-sdk')
require('./broken')
exports.main = () => cloud.openapi.wxacode.get({}) // want wxacode.get
