module.exports = { main() { return 1 } }
