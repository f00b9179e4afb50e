const cloud = require('wx-server-sdk')

cloud.init()

// Makes a QR code (二维码) for a page of the Mini Program, with the official SDK.
exports.main = async (event, context) => {
  try {
    return await cloud.openapi.wxacode.createQRCode({
      path: event.path || 'page/index/index',
      width: event.width || 430
    })
  } catch (err) {
    console.error(err)
    return err
  }
}
