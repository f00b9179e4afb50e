import cloud from 'wx-server-sdk'
cloud.openapi.search.submitPages({}) // want search.submitPages
