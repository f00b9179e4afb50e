import cloud from 'wx-server-sdk'
import * as tcb from 'wx-server-sdk'
import { openapi as api, init } from 'wx-server-sdk'
import codes, { check as checkText } from './lib.js'
import * as lib from './lib.js'
import './side.js'
import settings from './settings.json' with { type: 'json' }
export { deliver } from './send.js'
export * from './more.js'

init()
const user = await api.auth.getPaidUnionId({}) // want auth.getPaidUnionId

export async function main(event) {
  await cloud.openapi.wxacode.get({}) // want wxacode.get
  await tcb.openapi.img.aiCrop({}) // want img.aiCrop
  await codes.getUnlimited({}) // want wxacode.getUnlimited
  await checkText(settings.text)
  await lib.order.getOrder({}) // want wxa.sec.order.getOrder
  return user
}
