const path = require('path')
const router = { routes: require('./routes/' + 'list') }
exports.main = async (event) => {
  const handler = require(`./handlers/${event.action}`)
  await handler.run(event)
  const task = require(path.join(__dirname, 'tasks', 'clean.js'))
  await task()
  const { main } = await import('./esm.mjs')
  await main()
  require(event.name) // doubt which module
  require('./missing') // doubt cannot find the module ./missing
  require('handlers/' + event.action) // doubt which module
  require('handlers/send/' + event.action) // doubt which module
  require('locale/' + event.language)
  require('@scope/handlers/' + event.language)
  require('handlers-' + event.action)
  await require('./routes/named')(event)
  return router.routes
}
