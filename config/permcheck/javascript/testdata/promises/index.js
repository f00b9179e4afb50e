const cloud = require('wx-server-sdk')
const client = () => Promise.resolve(cloud)
const ready = new Promise((resolve) => setTimeout(() => resolve(cloud.openapi), 10))
exports.main = (event) =>
  cloud.openapi.wxacode
    .get({}) // want wxacode.get
    .then((r) => cloud.uploadFile({ fileContent: r.buffer }))
    .then(() => client())
    .then((c) => c.openapi.img.aiCrop({})) // want img.aiCrop
    .then(async () => {
      const api = await ready
      await api.ocr.idcard({}) // want ocr.idcard
      const [a] = await Promise.all([cloud.openapi, 1])
      return a.ocr.printedText({}) // want ocr.printedText
    })
    .catch(() => cloud.openapi.customerServiceMessage.send({})) // want customerServiceMessage.send
    .finally(console.log)
