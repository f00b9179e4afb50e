const 云 = require('wx-server-sdk')
const { 二维码 = 云.openapi.wxacode } = {}
const 名字 = '获取'
const 表 = { 获取: 'getUnlimited' }
exports.main = async (事件) => {
  const 说明 = '二维码'; await 二维码.get({}) // want wxacode.get
  return 云.openapi.wxacode[表[名字]]({ 说明 }) // want wxacode.getUnlimited
}
