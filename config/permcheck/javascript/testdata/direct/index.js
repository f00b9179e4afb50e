const cloud = require('wx-server-sdk')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

exports.main = async (event, context) => {
  try {
    const result = await cloud.openapi.wxacode.get({ // want wxacode.get
      path: event.path,
    })
    return result
  } catch (err) {
    return err
  }
}
