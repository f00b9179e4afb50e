import cloud = require('wx-server-sdk')
namespace inner {
  export const order = cloud.openapi.logistics
}
export = { order: inner.order }
