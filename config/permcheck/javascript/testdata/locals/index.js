const { code, table } = require('./lib')
const checks = require('./checks.js')
const { send } = require('./send')
const config = require('./config.json')
const helper = require('./helper')
const cloud = require('./cloud')

exports.main = async (event) => {
  await code(event)
  await checks.security.msgSecCheck({}) // want security.msgSecCheck
  await send({ to: config.to })
  await table.crop({})
  await helper(cloud)
  await cloud.openapi.urllink.generate({}) // want urllink.generate
}
