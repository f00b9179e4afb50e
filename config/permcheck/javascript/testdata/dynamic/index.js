const cloud = require('wx-server-sdk')
const lodash = require('lodash')

const proxy = (ns, method) => (data) => cloud.openapi[ns][method](data) // doubt cannot tell which API cloud.openapi[ns][method] is

exports.proxy = proxy
exports.main = async (event) => {
  await cloud.openapi[event.ns][event.method]({}) // doubt cannot tell which API cloud.openapi[event.ns][event.method] is
  await cloud.openapi.wxacode[event.method]() // doubt cloud.openapi.wxacode[event.method]
  lodash.get(cloud.openapi, event.path)({}) // doubt cannot tell which APIs lodash.get calls with cloud.openapi
  const { [event.name]: f } = cloud.openapi.img // doubt
  await f()
  await cloud[event.service]() // doubt cloud[event.service]
  event.list.forEach((name) => {
    cloud.openapi.ocr[name]({}) // doubt
  })
  const known = event.name || 'get'
  await cloud.openapi.wxacode[known]({}) /* want wxacode.get */ // doubt
  lodash.set({}, 'client', { cloud }) // doubt
}
