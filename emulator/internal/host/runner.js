'use strict'
// Runs a Node cloud function: loads the file and export that _HANDLER names ("index.main"), then fetches event after
// event from the runtime API, one at a time. Each event brings the variables of its invocation.

const fs = require('fs')
const http = require('http')
const Module = require('module')
const path = require('path')
const { types } = require('util')
const modules = require('./modules.js')

const envelope = 'application/vnd.wxfn.invocation+json'
const agent = new http.Agent({ keepAlive: true })
const key = takeKey()

// takeKey returns what the runtime API knows this process by, and leaves neither it nor its place to the function.
function takeKey () {
  const file = process.env.WXFN_INSTANCE_KEY_FILE
  delete process.env.WXFN_INSTANCE_KEY_FILE
  const key = fs.readFileSync(file, 'utf8')
  fs.unlinkSync(file)
  return key
}

function request (method, resource, body) {
  return new Promise((resolve, reject) => {
    const r = http.request({
      agent,
      method,
      host: process.env.SCF_RUNTIME_API,
      port: process.env.SCF_RUNTIME_API_PORT,
      path: resource,
      headers: body === undefined
        ? { 'x-wxfn-instance-key': key, accept: envelope }
        : { 'x-wxfn-instance-key': key, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
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
    let message = modules.explain(err) || String(err)
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

// load returns the function that the handler names. compiled is the file with what was made of an entry in TypeScript.
function load (compiled) {
  const [file, ...names] = (process.env._HANDLER || 'index.main').split('.')
  const entry = path.resolve(file) + '.js'
  modules.confine()
  const exported = compiled ? runCompiled(entry, compiled) : requireEntry(entry)
  const name = names.join('.')
  const main = exported && exported[name]
  if (typeof main !== 'function') throw new Error(`${file} does not export a function ${name}: write exports.${name} = async (event, context) => { … }`)
  return main
}

// requireEntry loads the entry file as the platform does, which takes no ES module, whatever package.json says. Which
// versions of Node refuse one, and how, differs.
function requireEntry (entry) {
  let exported
  let refused
  try {
    exported = require(entry)
    refused = types.isModuleNamespaceObject(exported)
  } catch (err) {
    const text = String(err && err.stack)
    refused = text.includes(`require() of ES Module ${entry} `) ||
      (err instanceof SyntaxError && text.startsWith(entry + ':') && /import statement|import\.meta|'export'/.test(text)) ||
      (err && err.code === 'ERR_REQUIRE_ASYNC_MODULE' && /^\s*(?:import|export)\b/m.test(fs.readFileSync(entry, 'utf8')))
    if (!refused) throw err
  }
  if (!refused) return exported
  const name = path.basename(entry, '.js')
  const error = new Error(`${name}.js is an ES module, and the cloud requires it as CommonJS; remove "type": "module" from package.json if it is there, rename the file to ${name}.mjs, and add a ${name}.js: exports.main = async (...args) => (await import('./${name}.mjs')).main(...args)`)
  error.stack = '' // it would be ours
  throw error
}

// runCompiled runs the code in a file as if it stood in the entry file.
function runCompiled (entry, compiled) {
  process.setSourceMapsEnabled(true) // stacks name the TypeScript
  const module = new Module(entry)
  module.filename = entry
  module.paths = Module._nodeModulePaths(path.dirname(entry))
  module._compile(fs.readFileSync(compiled, 'utf8'), entry)
  return module.exports
}

let current = []

// setVariables makes process.env that of an invocation: without what the one before it had, and this one has not.
function setVariables (environ) {
  for (const name of current) if (!(name in environ)) delete process.env[name]
  Object.assign(process.env, environ)
  current = Object.keys(environ)
}

// takesCallback reports whether a handler looks for a third argument. Its length counts neither a parameter with a default
// value nor a rest.
function takesCallback (main) {
  const text = Function.prototype.toString.call(main)
  if (main.length > 2 || /\barguments\b/.test(text)) return true
  if (/^(?:async\s)?\s*[\w$]+\s*=>/.test(text)) return false // one parameter
  let depth = 0
  let commas = 0
  for (let i = text.indexOf('('); i >= 0 && i < text.length; i++) {
    if ('([{'.includes(text[i])) depth++
    if (')]}'.includes(text[i]) && --depth === 0) break
    if (depth === 1 && text.startsWith('...', i)) return true
    if (depth === 1 && text[i] === ',') commas++
  }
  return commas > 1
}

const alive = setInterval(() => {}, 1 << 30) // or a handler that awaits what never comes would end the process, not time out

// call returns what a handler returns, or what it gives its callback. If it takes one and never calls it, the result is
// nothing once there is nothing left to do.
function call (main, event, context) {
  let idle
  return new Promise((resolve, reject) => {
    const value = main(event, context, (err, result) => err ? reject(err) : resolve(result))
    if (value !== undefined || !takesCallback(main)) return resolve(value)
    alive.unref()
    process.once('beforeExit', idle = () => resolve())
  }).finally(() => {
    alive.ref()
    if (idle) process.removeListener('beforeExit', idle)
  })
}

async function run (main) {
  for (;;) {
    const { event, environ, context } = JSON.parse(await request('GET', '/runtime/invocation/next'))
    setVariables(environ)
    context.environment = JSON.stringify(environ)
    context.callbackWaitsForEmptyEventLoop = true
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

let main
try {
  main = load(process.argv[2])
} catch (err) {
  const failure = describe(err)
  request('POST', '/runtime/init/error', JSON.stringify(failure)).then(() => process.exit(1))
}
if (main) {
  run(main).catch(err => { // the emulator is gone, and nobody reads this; or this program is at fault
    console.error(err)
    process.exit(1)
  })
}
