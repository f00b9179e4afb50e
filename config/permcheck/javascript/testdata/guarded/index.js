const cloud = require('wx-server-sdk')
async function recognize(payload) {
  const ocr = cloud.openapi && cloud.openapi.ocr
  if (!ocr) return null
  const printedText = ocr.printedText || ocr.printedtext // want ocr.printedText
  return printedText(payload)
}
exports.main = async (event) => {
  const openapi = cloud.openapi ? cloud.openapi({ env: cloud.DYNAMIC_CURRENT_ENV }) : null
  if (!openapi || !openapi.phonenumber || !openapi.phonenumber.getPhoneNumber) return recognize(event) // want phonenumber.getPhoneNumber
  const result = await openapi.phonenumber.getPhoneNumber({ code: event.code }).catch((err) => ({ err })) // want phonenumber.getPhoneNumber
  return (await Promise.allSettled([openapi.urlscheme.generate({}), recognize(result)]))[0] // want urlscheme.generate
}
