const cloud = require('wx-server-sdk')
exports.main = async (event) => {
  await cloud.openapi.wxacode.getUnlimted({}) // want wxacode.getUnlimted
  await cloud.openapi.wxaCode.get({}) // want wxaCode.get
  await cloud.openapi.nlp.chat({}) // want nlp.chat
  await event.retry(cloud.openapi.security.msgSecChek) // want security.msgSecChek
  await cloud.openapi.wxacode({}) // want wxacode
  await cloud.openapi['wxacode']['gett']({}) // want wxacode.gett
}
