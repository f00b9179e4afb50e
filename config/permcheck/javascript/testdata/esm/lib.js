import { openapi } from 'wx-server-sdk'
export default openapi.wxacode
const text = (content) => openapi.security.msgSecCheck({ content }) // want security.msgSecCheck
const { wxa: { sec: { order } } } = openapi
export { text as check, order }
