const cloud = require('wx-server-sdk')
const NS = 'wxacode'
const method = `createQRCode`
const prefix = 'get'
const names = { crop: 'aiCrop', scan: 'scanQRCode' }
const list = ['getDailyRetain', 'getVisitPage']

exports.main = async (event) => {
  await cloud['openapi']['wxacode']['get']({}) // want wxacode.get
  await cloud.openapi[NS][method]({}) // want wxacode.createQRCode
  await cloud.openapi.wxacode[prefix + 'Unlimited']({}) // want wxacode.getUnlimited
  await cloud.openapi[`security`][`${'msg'}SecCheck`]({}) // want security.msgSecCheck
  await cloud.openapi.img[names[event.what]]({}) // want img.aiCrop, img.scanQRCode
  for (const name of list) {
    await cloud.openapi.analysis[name]({}) // want analysis.getDailyRetain, analysis.getVisitPage
  }
  const which = event.new ? 'generate' : 'query'
  await cloud.openapi.urllink[which]({}) // want urllink.generate, urllink.query
  await 'ocr.idcard'.split('.').reduce((o, k) => o[k], cloud.openapi)({}) // want ocr.idcard
}
