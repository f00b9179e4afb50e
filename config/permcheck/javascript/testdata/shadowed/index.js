const cloud = require('wx-server-sdk')
const other = { openapi: { wxacode: { get() {} } } }

exports.main = async (event) => {
  {
    const cloud = other
    await cloud.openapi.wxacode.get({})
  }
  await ((cloud) => cloud.openapi.wxacode.createQRCode({}))(other)
  const require = (name) => other
  await require('wx-server-sdk').openapi.wxacode.getUnlimited({})
}
