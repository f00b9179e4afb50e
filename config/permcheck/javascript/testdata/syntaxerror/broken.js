const cloud = require('wx-server-sdk')
exports.a = () => {
  const = 1 // error Expected
}
