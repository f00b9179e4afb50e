const cloud = require('wx-server-sdk')
const TcbRouter = require('tcb-router')

exports.main = async (event) => {
  const app = new TcbRouter({ event })
  app.use(async (ctx, next) => {
    ctx.api = cloud.openapi
    await next()
  })
  app.router(['code', 'qr'], async (ctx) => {
    ctx.body = await ctx.api.wxacode.get({}) // want wxacode.get
  })
  app.router('send', require('./send'))
  switch (event.action) {
    case 'check': {
      return cloud.openapi.security.msgSecCheck({}) // want security.msgSecCheck
    }
    default:
      return actions[event.action](event)
  }
}

const actions = {
  async send(event) {
    return this.deliver(event.message)
  },
  deliver(message) {
    return cloud.openapi.customerServiceMessage.send(message) // want customerServiceMessage.send
  },
  ['crop']: () => cloud.openapi.img.aiCrop({}), // want img.aiCrop
}
