module.exports = require('../call')
