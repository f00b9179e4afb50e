module.exports = async function (client) {
  return client.openapi.ocr.idcard({}) // want ocr.idcard
}
