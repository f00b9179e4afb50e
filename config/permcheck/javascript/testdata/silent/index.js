const cloud = require('wx-server-sdk')
const axios = require('axios')
cloud.init()
const db = cloud.database()
const _ = db.command

// cloud.openapi.wxacode.get in a comment is nothing
const text = 'cloud.openapi.wxacode.get()'

exports.main = async (event) => {
  const { OPENID } = cloud.getWXContext()
  const { data } = await db.collection(event.name).where({ openid: _.eq(OPENID) }).get()
  const other = { openapi: { wxacode: { get() { return text } } } }
  other.openapi.wxacode.get()
  await axios.post('https://api.weixin.qq.com/wxa/getwxacode', data)
  await cloud.uploadFile({ cloudPath: 'a', fileContent: Buffer.from(text) })
  console.log(cloud, data)
  return cloud.callFunction({ name: event.name, data: data.map((x) => x.name) })
}
