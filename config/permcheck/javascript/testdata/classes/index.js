const cloud = require('wx-server-sdk')

class Base {
  #api = cloud.openapi
  static shared = cloud.openapi.security
  constructor(client) {
    this.client = client
  }
  get codes() {
    return this.#api.wxacode
  }
  check(text) {
    return Base.shared.msgSecCheck({ content: text }) // want security.msgSecCheck
  }
  static async make() {
    return new this(cloud)
  }
}

class Sender extends Base {
  constructor(client, name) {
    super(client)
    this.name = name
  }
  send = async (data) => this.client.openapi.subscribeMessage.send(data) // want subscribeMessage.send
  async code() {
    await this.codes.get({}) // want wxacode.get
    await super.check('x')
  }
}

class Unused {
  go() {
    return cloud.openapi.logistics.addOrder({})
  }
}

function Old(api) {
  this.api = api
}
Old.prototype.run = function () {
  return this.api.scanQRCode({}) // want img.scanQRCode
}

exports.main = async () => {
  const s = new Sender(cloud, 'a')
  await s.send({})
  await s.code()
  return new Old(cloud.openapi.img).run()
}
