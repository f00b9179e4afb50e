// deep calls f from where a stack has more frames than Node shows.
const deep = (f, frames = 20) => frames ? deep(f, frames - 1) : f()

const ways = {
  throw () { throw new Error('boom') },
  object () { throw { errCode: 42, errMsg: 'broken' } }, // eslint-disable-line no-throw-literal
  text () { throw 'plain text' }, // eslint-disable-line no-throw-literal
  nothing () { throw undefined }, // eslint-disable-line no-throw-literal
  reject: () => Promise.reject(new TypeError('rejected')),
  exit () { process.exit(3) },
  signal () {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  },
  unhandled () {
    deep(() => Promise.reject(new Error('nobody awaits this')))
    return new Promise(() => {})
  },
  uncaught () {
    setImmediate(deep, () => { throw new Error('thrown later') })
    return new Promise(() => {})
  },
  circular () {
    const a = {}
    a.a = a
    return a
  },
  bigint: () => 1n,
  function: () => () => {},
  returns: event => event.value,
  undefined () {},
  size: event => 'x'.repeat(event.size - 2) // the JSON text has two quotes
}

// Ends as event.way says, after it has printed event.prints lines.
exports.main = event => {
  for (let i = 1; i <= (event.prints || 0); i++) console.log('line ' + i)
  return ways[event.way](event)
}
