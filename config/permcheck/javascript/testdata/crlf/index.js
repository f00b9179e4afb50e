const cloud = require('wx-server-sdk')

/* several
   lines */
exports.main = async () => {
  await cloud
    .openapi
    .wxacode
    .get({}) // want wxacode.get
}
