#!/usr/bin/env node
const cloud = require('wx-server-sdk')
const big = 10n ** 2n
const pattern = /[/]cloud\.openapi\/(?<name>\w+)/dgu
const nested = `a ${`b ${big}`} c`
<!-- an old comment
class A {
  static #count = 0
  static { A.#count ||= 1 }
  #api
  get [nested]() { return 1 }
  async *pages() { yield* [cloud.openapi.analysis] }
  has(x) { return #api in x }
}
label: for (const a of [1]) { if (a) continue label }
const legacy = 010
module.exports.main = async (event) => {
  for await (const api of new A().pages()) {
    api.getVisitPage({}) // want analysis.getVisitPage
  }
  const { a = cloud.openapi, ...rest } = event
  return a.wxacode.get({ nested, pattern, rest, legacy }) // want wxacode.get
}
