import type Cloud from 'wx-server-sdk'

export enum Kind {
  Small = 'get',
  Large = 'getUnlimited',
}

export class Codes {
  constructor(private readonly cloud: typeof Cloud, protected kind: Kind = Kind.Small) {}

  async make(path: string, kind: Kind.Small | Kind.Large) {
    const a = 1 as const; await this.cloud.openapi.wxacode.createQRCode({ path } satisfies object) // want wxacode.createQRCode
    return this.cloud.openapi.wxacode[kind]({ path }) // want wxacode.get
  }
}
