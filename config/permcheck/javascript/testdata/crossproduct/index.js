const cloud = require('wx-server-sdk')
const call = (api, name, data) => api[name](data) // want wxacode.get, security.msgSecCheck
const send = (namespace, data) => namespace.send(data) // want subscribeMessage.send, customerServiceMessage.send
const all = { wxacode: ['createQRCode'], img: ['aiCrop', 'scanQRCode'] }
exports.main = async (event) => {
  await call(cloud.openapi.wxacode, 'get', {})
  await call(cloud.openapi.security, 'msgSecCheck', {})
  await send(cloud.openapi.subscribeMessage)
  await send(cloud.openapi.customerServiceMessage)
  await send(event.mailer)
  for (const [namespace, names] of Object.entries(all)) {
    for (const name of names) {
      await cloud.openapi[namespace][name]({}) // want wxacode.createQRCode, img.aiCrop, img.scanQRCode
    }
  }
}
