// Calls the server API with SDKs of others, as their users do, and prints what they make of each answer: one JSON text a
// line, {step, ok} or {step, code, message}; pictures as base64.
//
// Usage: node sdks.js SDK, with WX_API_BASE_URL, WX_APPID and WX_APPSECRET in the environment.

const { WX_API_BASE_URL: base, WX_APPID: appid, WX_APPSECRET: secret } = process.env

// What an SDK is called with; each returns the answer, or throws.
const sdks = {
  'co-wechat-api': () => {
    const API = require('co-wechat-api')
    const api = new API(appid, secret)
    Object.assign(api, { prefix: `${base}/cgi-bin/`, snsPrefix: `${base}/sns/`, wxaPrefix: `${base}/wxa/` })
    return {
      token: async () => (await api.ensureAccessToken()).accessToken,
      forget: (token) => api.saveToken({ accessToken: token, expireTime: Date.now() + 1e6 }),
      login: (code) => api.code2Session(code),
      createQRCode: (path) => api.createWXAQRCode(path, 300),
      get: (path) => api.getWXACode(path, 300, false, { r: 200, g: 30, b: 0 }, true),
      getUnlimited: (scene) => api.getWXACodeUnlimit(scene, 'page/index/index'),
      send: (openid) => api.sendSubscribeMessage(openid, 'T1', 'page/index/index', { thing1: { value: 'hello' } })
    }
  },

  'node-easywechat': () => {
    const { MiniApp } = require('node-easywechat')
    const app = new MiniApp({ app_id: appid, secret, use_stable_access_token: true, http: { baseURL: base } })
    const kept = {}
    app.setCache({
      get: async (name, other) => kept[name] ?? other,
      set: async (name, value) => { kept[name] = value; return true },
      has: async (name) => name in kept,
      delete: async (name) => delete kept[name]
    })
    const client = app.getClient()
    const answer = async (path, json) => (await client.post(path, { json })).toObject()
    const picture = async (path, json) => {
      const response = await client.post(path, { json, responseType: 'arraybuffer' })
      if (response.is('image')) return response.getContent()
      const { errcode, errmsg } = JSON.parse(response.getContent())
      throw Object.assign(new Error(errmsg), { code: errcode })
    }
    return {
      token: () => app.getAccessToken().getToken(),
      login: (code) => app.getUtils().codeToSession(code),
      createQRCode: (path) => picture('cgi-bin/wxaapp/createwxaqrcode', { path, width: 300 }),
      get: (path) => picture('wxa/getwxacode', { path, width: 300, line_color: { r: 200, g: 30, b: 0 }, is_hyaline: true }),
      getUnlimited: (scene) => picture('wxa/getwxacodeunlimit', { scene, page: 'page/index/index' }),
      send: (openid) => answer('cgi-bin/message/subscribe/send', { touser: openid, template_id: 'T1', page: 'page/index/index', data: { thing1: { value: 'hello' } } }),
      check: (content, openid) => answer('wxa/msg_sec_check', { version: 2, scene: 1, content, openid })
    }
  }
}

const main = async (sdk) => {
  const tell = async (step, call) => {
    try {
      const ok = await call()
      console.log(JSON.stringify({ step, ok: Buffer.isBuffer(ok) ? ok.toString('base64') : ok }))
    } catch (err) {
      console.log(JSON.stringify({ step, code: err.code, message: err.message }))
    }
  }
  await tell('token', sdk.token)
  await tell('login', () => sdk.login('oAlice'))
  await tell('login again', () => sdk.login('oAlice'))
  await tell('createQRCode', () => sdk.createQRCode('page/index/index?a=1'))
  await tell('get', () => sdk.get('page/index/index?a=1'))
  await tell('getUnlimited', () => sdk.getUnlimited('a=1'))
  await tell('a scene that may not be', () => sdk.getUnlimited('a%1'))
  await tell('a path that is too long', () => sdk.createQRCode('p'.repeat(200)))
  await tell('send', () => sdk.send('oAlice'))
  if (sdk.check) await tell('check', () => sdk.check('what a casino', 'oAlice'))
  if (sdk.forget) {
    await sdk.forget('no token')
    await tell('a token that is no good', () => sdk.send('oAlice'))
  }
}

main(sdks[process.argv[2]]()).catch((err) => {
  console.error(err)
  process.exit(1)
})
