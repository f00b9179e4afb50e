import common from './common.cjs'
export default class {
  static #secret() {
    return common.ocr.idcard({}) // want ocr.idcard
  }
  static {
    this.#secret()
  }
}
