module.exports.security = require('./cloud').openapi.security
exports.never = () => require('wx-server-sdk').openapi.soter.verifySignature() // want soter.verifySignature
