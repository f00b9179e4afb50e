const cloud = require('wx-server-sdk')
const retry = require('async-retry')
const { promisify } = require('util')

const attempt = (f, times) => f({}).catch(() => attempt(f, times - 1))

exports.main = async (event) => {
  await attempt(cloud.openapi.wxacode.get, 3) // want wxacode.get
  await retry(cloud.openapi.wxacode.createQRCode) // want wxacode.createQRCode
  await cloud.openapi.img.aiCrop.call(null, {}) // want img.aiCrop
  await cloud.openapi.img.superresolution.apply(cloud, [{}]) // want img.superresolution
  const bound = cloud.openapi.ocr.idcard.bind(cloud.openapi) // want ocr.idcard
  await bound({})
  await Promise.all(event.list.map(cloud.openapi.security.msgSecCheck)) // want security.msgSecCheck
  return promisify(cloud.openapi.soter.verifySignature) // want soter.verifySignature
}
