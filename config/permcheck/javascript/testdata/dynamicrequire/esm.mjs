import cloud from 'wx-server-sdk'
export const main = () => cloud.openapi.img.aiCrop({}) // want img.aiCrop
