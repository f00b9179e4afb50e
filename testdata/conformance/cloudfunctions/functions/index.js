const cloud = require(process.env.SDK || 'wx-server-sdk')

cloud.init()

const revive = (key, value) => value && value.type === 'Buffer' ? Buffer.from(value.data) : value

const apis = {
  callFunction: event => cloud.callFunction({ name: event.name, data: JSON.parse(JSON.stringify(event.data || {}), revive) }),
  callOpenAPI: event => cloud.callOpenAPI({ api: event.name, data: event.data }),
  uploadFile: () => cloud.uploadFile({ cloudPath: 'a.txt', fileContent: Buffer.from('a') }),
  downloadFile: () => cloud.downloadFile({ fileID: 'cloud://a.txt' }),
  getTempFileURL: () => cloud.getTempFileURL({ fileList: ['cloud://a.txt'] }),
  deleteFile: () => cloud.deleteFile({ fileList: ['cloud://a.txt'] }),
  'database get': () => cloud.database().collection('a').get(),
  'database add': () => cloud.database().collection('a').add({ data: { a: { b: ['中', 1, null, new Date(0)] } } })
}

// Calls a resource of the cloud: the function event.name with event.data, or another one that event.api names. Returns
// {ok: result} or {error}.
exports.main = async event => {
  try {
    return { ok: await apis[event.api || 'callFunction'](event) }
  } catch (err) {
    return { error: { errCode: err.errCode, errMsg: err.errMsg, message: err.message } }
  }
}
