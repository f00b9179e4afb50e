const cloud = require('wx-server-sdk')
cloud.init()
module.exports = cloud
