module.exports.createSender = (messages) => {
  const tasks = []
  return async (message) => {
    tasks.push(messages.send(message)) // want subscribeMessage.send
    return Promise.all(tasks)
  }
}
