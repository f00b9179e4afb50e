module.exports = () => require('wx-server-sdk').openapi.ocr.idcard({}) // want ocr.idcard
