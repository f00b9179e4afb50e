'use strict'
// Sends the connections that a Node program opens to the platform's hosts to the emulator instead, whatever opens them:
// http, https, fetch or a library. TLS and the Host header stay the program's own.

const install = ({ port, hosts }) => {
  const net = require('net')
  const { connect } = net.Socket.prototype
  const find = name => hosts.find(({ pattern }) => {
    const domain = pattern.replace(/^\*\./, '')
    return name === domain || (domain !== pattern && name.endsWith('.' + domain))
  })

  net.Socket.prototype.connect = function (...args) {
    const [options, listener] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args)
    const name = typeof options.host === 'string' ? options.host.toLowerCase().replace(/\.$/, '') : ''
    const host = options.path ? undefined : find(name)
    if (!host || host.allowed) return connect.apply(this, args)
    if (host.refusal) { // as if the name could not be resolved, but with the reason
      const err = Object.assign(new Error(host.refusal.replaceAll('{host}', name)), { code: 'ERR_WXFN_NOT_EMULATED' })
      const lookup = (name, options, done) => process.nextTick(done, err)
      return connect.call(this, { ...options, lookup }, listener)
    }
    return connect.call(this, { ...options, host: '127.0.0.1', port, lookup: undefined }, listener)
  }
}
