const cloud = require('../cloud')
require('../index') // a cycle
const code = (event) => cloud.openapi.wxacode.get({}) // want wxacode.get
module.exports = {
  code,
  table: { crop: cloud.openapi.img.aiCrop }, // want img.aiCrop
}
