// Makes calls with the official SDK, and prints what they return, one JSON text a line.
//
// Standard input holds JSON: [{api, params}], with params as text. With the argument "documented", names are not converted.

const cloud = require('wx-server-sdk')
const { parse } = require('json-bigint')({ useNativeBigInt: true })

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

// JSON's objects without a prototype become ordinary ones, and buffers again what they were.
const revive = (value) => {
  if (Array.isArray(value)) return value.map(revive)
  if (value === null || typeof value !== 'object') return value
  if (value.type === 'Buffer') return Buffer.from(value.data)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revive(inner)]))
}

const main = async () => {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  const openapi = process.argv[2] === 'documented' ? cloud.openapi({ convertCase: false }) : cloud.openapi
  for (const { api, params } of JSON.parse(text)) {
    const call = api.split('.').reduce((o, name) => o[name], openapi)
    console.log(JSON.stringify(await call(revive(parse(params)))))
  }
}

main().catch((err) => {
  console.error(err)
  process.exit(1)
})
