const cloud = require('wx-server-sdk')
const order = cloud.openapi.wxa.sec.order
const { media } = cloud.openapi.officialAccount
exports.main = async () => {
  await cloud.openapi.wxa.sec.order.getOrder({}) // want wxa.sec.order.getOrder
  await order.uploadShippingInfo({}) // want wxa.sec.order.uploadShippingInfo
  await media.get({}) // want officialAccount.media.get
}
