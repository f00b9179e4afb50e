const cloud = require('wx-server-sdk')
const DEBUG = false

function unused() {
  return cloud.openapi.wxacode.get({})
}
const alsoUnused = async () => cloud.openapi.wxacode.getUnlimited({})
function onlyByUnused() {
  return cloud.openapi.img.aiCrop({})
}
const third = () => onlyByUnused()
function recursive(n) {
  return n ? recursive(n - 1) : cloud.openapi.img.scanQRCode({})
}
function helper() {
  return cloud.openapi.ocr.idcard({}) // want ocr.idcard
}

exports.main = async (event) => {
  if (false) {
    await cloud.openapi.wxacode.createQRCode({})
  }
  if (DEBUG && event.debug) await cloud.openapi.urllink.query({})
  if (!0) {
    await later() // hoisted
  } else {
    await cloud.openapi.urllink.generate({})
  }
  return helper()
  await cloud.openapi.subscribeMessage.send({})
  function later() {
    return cloud.openapi.security.msgSecCheck({}) // want security.msgSecCheck
  }
}
