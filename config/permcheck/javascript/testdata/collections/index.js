const cloud = require('wx-server-sdk')
const { openapi } = cloud
const map = new Map([['a', openapi.wxacode], ['b', openapi.wxacode]])
map.set('c', openapi.img)
const handlers = [() => openapi.ocr.idcard({}), () => openapi.ocr.bankcard({})] // want ocr.idcard, ocr.bankcard
const list = []
list.push(openapi.logistics)

exports.main = async (event) => {
  await map.get(event.key).get({}) // want wxacode.get
  await map.get('c').aiCrop({}) // want img.aiCrop
  for (const h of handlers) await h()
  for (const [name, api] of Object.entries({ x: openapi.urllink })) await api.query(name) // want urllink.query
  await list[0].getOrder({}) // want logistics.getOrder
  await list.concat([]).filter(Boolean).map((api) => api.getPath({})) // want logistics.getPath
  for (const key of Object.keys({ createRoom: 1, getLiveInfo: '' })) {
    await openapi.liveBroadcast[key]({}) // want liveBroadcast.createRoom, liveBroadcast.getLiveInfo
  }
  global.api = openapi.soter
  await globalThis.api.verifySignature({}) // want soter.verifySignature
}
