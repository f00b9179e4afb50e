module.exports = (event) => require(`tasks/${event.action}`).call(event) // doubt which module
