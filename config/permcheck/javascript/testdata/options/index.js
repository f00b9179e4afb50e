const cloud = require('wx-server-sdk')
exports.main = async () => {
  await cloud.openapi({ appid: 'wx1' }).wxacode.get({}) // want wxacode.get
  const raw = cloud.openapi({ convertCase: false })
  await raw.wxacode.createQRCode({}) // want wxacode.createQRCode
  return cloud
    .openapi({
      appid: 'wx2',
    })
    .subscribeMessage
    .send({}) // want subscribeMessage.send
}
