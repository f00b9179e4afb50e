const cloud = require('wx-server-sdk')
const Koa = require('koa')

// A class without a constructor has that of the class that it extends.
class Base {
  constructor(api) {
    this.api = api
  }
}
class Service extends Base {
  run(event) {
    return this.api.subscribeMessage.send(event) // want subscribeMessage.send
  }
}
class Bare extends Service {}

class Init {
  constructor(client, name) {
    this.init(client, name)
  }
  init(client, name) {
    this.client = client
    this.name = name
  }
}
class Between extends Init {}
class Coded extends Between {
  run(event) {
    return this.client.openapi.wxacode[this.name](event) // want wxacode.getUnlimited
  }
}

function Old(client) {
  this.client = client
}
class Newer extends Old {
  run(event) {
    return this.client.openapi.img.aiCrop(event) // want img.aiCrop
  }
}

const Mixed = (Parent) => class extends Parent {
  run(event) {
    return this.api.security.msgSecCheck(event) // want security.msgSecCheck
  }
}
class Checker extends Mixed(Base) {}

// A field stands before what the constructor of its own class does, and after that of the parent.
class Private extends Base {
  #code = this.api.ocr
  run(event) {
    return this.#code.idcard(event) // want ocr.idcard
  }
}

// What the constructor of a package does, nobody knows.
class Server extends Koa {}
class Handed extends Koa {} // doubt Koa
class Empty extends null {
  static run(event) {
    return cloud.openapi.soter.verifySignature(event) // want soter.verifySignature
  }
}
class MyError extends Error {}

exports.main = async (event) => {
  await new Bare(cloud.openapi).run(event)
  await new Coded(cloud, 'getUnlimited').run(event)
  await new Newer(cloud).run(event)
  await new Checker(cloud.openapi).run(event)
  await new Private(cloud.openapi).run(event)
  new Server(event).listen()
  new Handed(cloud).listen()
  try {
    return Empty.run(event)
  } catch (err) {
    throw new MyError(err)
  }
}
