'use strict'
// Runs a Node cloud function: loads the file and export that _HANDLER names ("index.main"), then fetches event after
// event from the runtime API, one at a time. Each event brings the variables of its invocation.

const http = require('http')
const path = require('path')
const { pathToFileURL } = require('url')

const envelope = 'application/vnd.wxfn.invocation+json'
const agent = new http.Agent({ keepAlive: true })

function request (method, resource, body) {
  return new Promise((resolve, reject) => {
    const r = http.request({
      agent,
      method,
      host: process.env.SCF_RUNTIME_API,
      port: process.env.SCF_RUNTIME_API_PORT,
      path: resource,
      headers: body === undefined
        ? { accept: envelope }
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    }, res => {
      const chunks = []
      res.on('data', c => chunks.push(c))
      res.on('error', reject)
      res.on('end', () => resolve(Buffer.concat(chunks).toString()))
    })
    r.on('error', reject)
    r.end(body)
  })
}

function describe (err) {
  if (err instanceof Error) {
    let message = String(err)
    const stack = String(err.stack || '')
    // That of a file that cannot be read as JavaScript begins with the place.
    if (err instanceof SyntaxError && !stack.startsWith(message)) return { message, stack }
    // fetch says no more than "fetch failed".
    if (err.cause && err.cause.code === 'ERR_WXFN_NOT_EMULATED') message += ': ' + err.cause.message
    const at = stack.indexOf('\n    at ')
    return { message, stack: at < 0 ? '' : stack.slice(at + 1) }
  }
  let text
  try {
    text = typeof err === 'string' ? err : JSON.stringify(err)
  } catch (_) {}
  return { message: text || String(err) || 'the function threw an empty value', stack: '' }
}

async function load () {
  const [file, ...names] = (process.env._HANDLER || 'index.main').split('.')
  let resolved
  try {
    resolved = require.resolve(path.resolve(file))
  } catch (_) {
    resolved = path.resolve(file + '.mjs')
  }
  let exported
  try {
    exported = require(resolved)
  } catch (err) {
    if (!/^ERR_REQUIRE_(ESM|ASYNC_MODULE)$/.test(err.code)) throw err // the second: a top-level await in it
    exported = await import(pathToFileURL(resolved))
  }
  const name = names.join('.')
  const main = exported[name] || (exported.default && exported.default[name])
  if (typeof main !== 'function') throw new Error(`${file} does not export a function ${name}: write exports.${name} = async (event, context) => { … }`)
  return main
}

let current = []

// setVariables makes process.env that of an invocation: without what the one before it had, and this one has not.
function setVariables (environ) {
  for (const name of current) if (!(name in environ)) delete process.env[name]
  Object.assign(process.env, environ)
  current = Object.keys(environ)
}

function call (main, event, context) {
  return new Promise((resolve, reject) => {
    const value = main(event, context, (err, result) => err ? reject(err) : resolve(result))
    const usesCallback = value === undefined && main.length > 2
    if (!usesCallback) resolve(value)
  })
}

async function run (main) {
  setInterval(() => {}, 1 << 30) // or a handler that awaits what never comes would end the process, not time out
  for (;;) {
    const { event, environ, context } = JSON.parse(await request('GET', '/runtime/invocation/next'))
    setVariables(environ)
    context.environment = JSON.stringify(environ)
    context.environ = Object.entries(environ).map(([name, value]) => `${name}=${value}`).join(';')
    let outcome = 'response'
    let body
    try {
      const result = await call(main, JSON.parse(event), context)
      body = JSON.stringify(result === undefined ? null : result)
      if (body === undefined) throw new Error(`the result is a ${typeof result}, which JSON cannot hold`)
    } catch (err) {
      outcome = 'error'
      body = JSON.stringify(describe(err))
    }
    await request('POST', '/runtime/invocation/' + outcome, body)
  }
}

load().then(
  main => run(main).catch(err => { // the emulator is gone, and nobody reads this; or this program is at fault
    console.error(err)
    process.exit(1)
  }),
  err => {
    const failure = describe(err)
    const missing = err && /MODULE_NOT_FOUND$/.test(err.code) && /^Cannot find (?:module|package) '((?:@[^/']+\/)?[^'./][^/']*)/.exec(err.message)
    if (missing) failure.message = `Cannot find module '${missing[1]}'; run: npm install --prefix ${process.cwd()} ${missing[1]}`
    return request('POST', '/runtime/init/error', JSON.stringify(failure)).then(() => process.exit(1))
  }
)
