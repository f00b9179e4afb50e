module.exports = () => require('wx-server-sdk').openapi.wxacode.get() // want wxacode.get
