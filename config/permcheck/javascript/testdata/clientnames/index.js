const tcb = require('wx-server-sdk')
const { openapi, init: start } = require('wx-server-sdk')
var again = tcb
let late
late = again
start()
tcb.init()

exports.main = async function (event) {
  await tcb.openapi.security.msgSecCheck({}) // want security.msgSecCheck
  await openapi.img.aiCrop({}) // want img.aiCrop
  await late.openapi.ocr.idcard({}) // want ocr.idcard
  const instance = new tcb.Cloud({ resourceAppid: 'wx1', resourceEnv: 'e' })
  await instance.init()
  await instance.openapi.soter.verifySignature({}) // want soter.verifySignature
  await require('wx-server-sdk').openapi.search.submitPages({}) // want search.submitPages
}
