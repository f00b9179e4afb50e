const cloud = require('wx-server-sdk')
exports.main = async (event) => {
  // wxfn:permissions wxacode.get, wxacode.getUnlimited
  await cloud.openapi.wxacode[event.method]({}) // declared wxacode.get, wxacode.getUnlimited
  await cloud.openapi[event.ns].idcard({}) /* declared ocr.idcard */ //wxfn:permissions ocr.idcard
  /* wxfn:permissions img.aiCrop */
  await cloud.openapi
    .img[event.method]({}) // declared img.aiCrop
  await cloud.openapi.img[event.other]() // doubt
}
