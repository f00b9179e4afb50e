import cloud from 'wx-server-sdk'

cloud.init()

const width = await Promise.resolve(280)

// Makes a code with an ES module's import, export and top-level await.
export const main = event => cloud.openapi.wxacode.createQRCode({ path: event.path, width })
