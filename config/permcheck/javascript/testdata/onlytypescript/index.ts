// @ts-nocheck
import { openapi } from 'wx-server-sdk'
abstract class Service<T> {
  declare name: string
  protected abstract run(input: T): void
  public async scan(this: Service<T>, url?: string) {
    return openapi.img.scanQRCode({ imgUrl: url! }) // want img.scanQRCode
  }
}
function decorated(target: any, key?: string) {}
@decorated
export class Handler extends Service<string> {
  @decorated field = 1
  protected override run() {}
  @decorated
  async main({ url }: { url: string }): Promise<void> {
    const method = 'aiCrop' as const
    await openapi.img[method]({ imgUrl: <any>url }) // want img.aiCrop
    await super.scan(url)
  }
}
export const main = (event) => new Handler().main(event)
