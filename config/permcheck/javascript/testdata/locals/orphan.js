require('wx-server-sdk').openapi.logistics.addOrder({})
