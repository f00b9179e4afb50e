import cloud from 'wx-server-sdk'
import type { Event } from './types'
import { Codes, Kind } from './codes'
import legacy = require('./legacy')

interface Result<T = unknown> {
  buffer: T
}

type Handler = (event: Event) => Promise<Result>

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV as string })

async function check<T extends { text: string }>(this: void, input: T): Promise<boolean> {
  const { errCode } = await (cloud.openapi as any).security.msgSecCheck({ // want security.msgSecCheck
    content: input.text!,
  })
  return errCode === 0
}

export const main: Handler = async (event: Event) => {
  await check(event)
  const codes = new Codes(cloud)
  await legacy.order!.getOrder({}) // want logistics.getOrder
  return codes.make(<string>event.path, Kind.Small)
}
