// Calls https://api.weixin.qq.com with nothing but what Node has, as programs without an SDK do. It finds the emulator by
// the environment of wxfn exec:
//
//	wxfn exec ../../examples -- node server_api.js
'use strict'
const assert = require('node:assert')
const https = require('node:https')

const { WX_APPID: appid, WX_APPSECRET: secret } = process.env

const request = (path, body) => new Promise((resolve, reject) => {
  const r = https.request('https://api.weixin.qq.com' + path, { method: body ? 'POST' : 'GET' }, res => {
    const chunks = []
    res.on('data', c => chunks.push(c))
    res.on('end', () => resolve({ type: res.headers['content-type'], body: Buffer.concat(chunks) }))
  })
  r.on('error', reject)
  r.end(body && JSON.stringify(body))
})

const main = async () => {
  const token = JSON.parse((await request(`/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${secret}`)).body)
  assert.strictEqual(token.expires_in, 7200)
  const code = await request('/wxa/getwxacode?access_token=' + token.access_token, { path: 'page/index/index' })
  assert.strictEqual(code.type, 'image/jpeg')
  const sent = await fetch('https://api.weixin.qq.com/cgi-bin/message/subscribe/send?access_token=' + token.access_token, {
    method: 'POST',
    body: JSON.stringify({ touser: 'oAlice', template_id: 'T1', data: { thing1: { value: 'hello' } } })
  })
  assert.strictEqual((await sent.json()).errcode, 0)
  await assert.rejects(fetch('https://api.mch.weixin.qq.com/v3/certificates'),
    err => /^wxfn: api\.mch\.weixin\.qq\.com \(WeChat Pay's API\) is not emulated/.test(err.cause.message))
}

main().then(() => console.log('ok'), err => {
  console.error(err)
  process.exit(1)
})
