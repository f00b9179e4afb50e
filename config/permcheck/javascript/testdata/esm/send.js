import cloud from 'wx-server-sdk'
export const deliver = (m) => cloud.openapi.subscribeMessage.send(m), unused = 1 // want subscribeMessage.send
