const cloud = require('wx-server-sdk')

const withDefault = (api = cloud.openapi.wxacode) => api.get({}) // want wxacode.get
function destructured({ openapi, init }, [kind] = []) {
  return openapi.img.aiCrop({ kind }) // want img.aiCrop
}
const rest = (...all) => all[0].ocr.idcard({}) // want ocr.idcard
function named(namespace, method, data) {
  return cloud.openapi[namespace][method](data) // want wxacode.getUnlimited, security.msgSecCheck
}
function viaArguments() {
  return arguments[0].soter.verifySignature({}) // want soter.verifySignature
}

exports.main = async (event) => {
  await withDefault()
  await destructured(cloud, [1])
  await rest(...[cloud.openapi])
  await named('wxacode', 'getUnlimited', {})
  await named('security', 'msgSecCheck', event)
  await viaArguments(cloud.openapi)
}
