// The platform requires this file; it can import an ES module.
exports.main = async (...args) => (await import('./entry.mjs')).main(...args)
