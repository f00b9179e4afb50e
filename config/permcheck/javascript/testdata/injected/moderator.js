class Moderator {
  constructor({ openapi, log = console }) {
    this.openapi = openapi
    this.log = log
  }

  async image(value) {
    const check = this.openapi?.security?.imgSecCheck // want security.imgSecCheck
    if (typeof check !== 'function') throw new Error('none')
    return check.call(this.openapi.security, { media: { value } })
  }
}
module.exports = { Moderator }
