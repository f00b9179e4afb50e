'use strict'
// Lets the code of a function find the modules that it finds in the cloud, and no others: those of its own folder.

const fs = require('fs')
const Module = require('module')
const os = require('os')
const path = require('path')
const { fileURLToPath } = require('url')

const within = (dir, file) => file === dir || file.startsWith(dir + path.sep)
const isPath = request => /^\.{1,2}(?:$|[\\/])/.test(request) || path.isAbsolute(request)
const packageName = request => request.split('/', request.startsWith('@') ? 2 : 1).join('/')

// What a function can load from elsewhere: layers, and files that it has written.
const layers = '/opt'
const temporary = ['/tmp', os.tmpdir()].filter(dir => fs.existsSync(dir)).map(dir => fs.realpathSync(dir))

const folder = process.cwd()

// confine has require, and import where Node lets it, refuse what is outside the function's folder.
exports.confine = () => {
  const root = fs.realpathSync(folder)

  // A project below /tmp is not what a function has written there.
  const branch = (dir, file) => path.relative(dir, file).split(path.sep)[0]
  const written = file => temporary.some(dir =>
    within(dir, file) && !(within(dir, root) && branch(dir, file) === branch(dir, root)))

  // A link of the folder, as npm link and workspaces make them, is followed: what it leads to is uploaded in its place.
  const linked = (request, from) => {
    if (isPath(request)) return within(root, path.resolve(from, request))
    for (let dir = from; within(root, dir); dir = path.dirname(dir)) {
      if (fs.existsSync(path.join(dir, 'node_modules', packageName(request)))) return true
    }
    return false
  }

  const known = new Set() // files that links have led to, which may be required by their own names, too

  const check = (request, from, found, caller) => {
    if (!within(root, from) || !path.isAbsolute(found)) return
    if (within(root, found) || within(layers, found) || written(found) || known.has(found)) return
    if (linked(request, from)) return known.add(found)
    const error = new Error(isPath(request)
      ? `Cannot find module '${request}': ${found} is outside the function's folder, and the cloud has only that folder; move the file into ${folder}`
      : `Cannot find module '${packageName(request)}': ${found} is outside the function's folder, and the cloud has only that folder; run: npm install --prefix ${folder} ${packageName(request)}`)
    error.code = 'MODULE_NOT_FOUND'
    Error.captureStackTrace(error, caller)
    throw error
  }

  // A package.json above the folder is not uploaded, so its type does not count.
  const hasManifest = file => {
    for (let dir = path.dirname(file); within(root, dir); dir = path.dirname(dir)) {
      if (fs.existsSync(path.join(dir, 'package.json'))) return true
    }
    return false
  }
  const load = Module._extensions['.js']
  Module._extensions['.js'] = function (module, file) {
    if (!file.endsWith('.js') || !within(root, file) || hasManifest(file)) return load.call(this, module, file)
    module._compile(fs.readFileSync(file, 'utf8'), file, 'commonjs')
  }

  const resolve = Module._resolveFilename
  Module._resolveFilename = function resolveFilename (request, parent, ...rest) {
    const found = resolve.call(this, request, parent, ...rest)
    if (parent && parent.filename) check(request, path.dirname(parent.filename), found, resolveFilename)
    return found
  }
  if (!Module.registerHooks) return // import statements are left to wxfn check then
  const local = url => String(url).startsWith('file:') ? fileURLToPath(url) : ''
  const hook = (request, context, next) => {
    const result = next(request, context)
    check(local(request) || request, path.dirname(local(context.parentURL)), local(result.url), hook)
    return result
  }
  Module.registerHooks({ resolve: hook })
}

// dependencies returns those that the package in a folder says it has.
const dependencies = dir => {
  try {
    return JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')).dependencies || {}
  } catch (_) {
    return {}
  }
}

// explain returns the message of an error about a module that was not found, with what to do; undefined for other errors.
exports.explain = err => {
  const missing = /MODULE_NOT_FOUND$/.test(err.code) && /^Cannot find (?:module|package) '([^']+)'(?!:)/.exec(err.message)
  if (!missing) return undefined
  const name = isPath(missing[1]) ? '' : packageName(missing[1])
  const requirer = err.path || (err.requireStack || [])[0] || ''
  const installed = /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/.exec(requirer)
  if (installed && (!name || name in dependencies(installed[1]))) {
    return `Cannot find module '${missing[1]}': the package ${installed[2]} is not completely installed; run: rm -r ${path.join(folder, 'node_modules')} && npm install --prefix ${folder}`
  }
  return name ? `Cannot find module '${name}'; run: npm install --prefix ${folder} ${name}` : undefined
}
