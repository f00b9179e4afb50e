const cloud = require('wx-server-sdk')
const { wxacode, security: { msgSecCheck } } = cloud.openapi // want security.msgSecCheck
const {
  getUnlimited: make, // want wxacode.getUnlimited
  ...others
} = cloud.openapi.wxacode
const { subscribeMessage = null } = cloud.openapi
let send
({ send } = subscribeMessage) // want subscribeMessage.send
const [first, { urllink }] = [cloud.openapi.logistics, cloud.openapi]

exports.main = async ({ content }) => {
  await msgSecCheck({ content })
  await wxacode.get({}) // want wxacode.get
  await others.createQRCode({}) // want wxacode.createQRCode
  await make({})
  await send({})
  await first.getOrder({}) // want logistics.getOrder
  await urllink.generate({}) // want urllink.generate
}
