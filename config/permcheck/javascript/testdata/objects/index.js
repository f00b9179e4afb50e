const cloud = require('wx-server-sdk')
const wx = { api: cloud.openapi, sdk: cloud }
const table = {
  qr: cloud.openapi.wxacode.createQRCode, // want wxacode.createQRCode
  'un-limited': cloud.openapi.wxacode.getUnlimited, // want wxacode.getUnlimited
}
const holder = {}
holder.inner = { deep: wx.api.logistics }
const merged = Object.assign({}, wx, { more: 1 })
const spread = { ...merged }

exports.main = async (event) => {
  await wx.api.wxacode.get({}) // want wxacode.get
  await wx.sdk.openapi.ocr.bankcard({}) // want ocr.bankcard
  await table[event.kind]({})
  await holder.inner.deep.getPath({}) // want logistics.getPath
  await spread.api.urlscheme.query({}) // want urlscheme.query
  const { deep: { getQuota } } = holder.inner // want logistics.getQuota
  await getQuota({})
}
