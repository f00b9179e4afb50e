const cloud = require('wx-server-sdk')
exports.main = async (event) => {
  await cloud?.openapi?.wxacode?.get?.({}) // want wxacode.get
  await cloud.openapi?.['wxacode'].getUnlimited({}) // want wxacode.getUnlimited
  const api = event.api || cloud.openapi.logistics
  await api.addOrder({}) // want logistics.addOrder
  const chosen = event.ok ? cloud.openapi.urllink : null
  await chosen?.generate({}) // want urllink.generate
  let lazy
  lazy ??= cloud.openapi.nearbyPoi
  await (0, lazy.add)({}) // want nearbyPoi.add
}
