const cloud = require(process.env.SDK || 'wx-server-sdk')
const http = require('http')

cloud.init()

// Returns the address of a server whose answer is how a call ends that is made when the invocation is over.
exports.main = () => new Promise(resolve => {
  const server = http.createServer(async (req, res) => {
    const call = req.url === '/callFunction'
      ? () => cloud.callFunction({ name: 'context' })
      : () => cloud.openapi.wxacode.createQRCode({ path: 'page/index/index' })
    const outcome = await call().catch(err => ({ errCode: err.errCode, errMsg: err.errMsg, message: err.message }))
    res.end(JSON.stringify(outcome))
  })
  server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}` }))
})
