// Returns by callback, as functions of older runtimes do.
exports.main = (event, context, callback) => {
  setImmediate(() => event.fail ? callback(new Error(event.fail)) : callback(null, { event, request: context.request_id }))
}
