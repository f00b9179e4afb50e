const ways = {
  never: () => new Promise(() => {}),
  loop () {
    for (;;);
  },
  undefined: () => 'works'
}

// Does not return where event.way says so. Its timeout is 1 s.
exports.main = event => {
  console.log('about to ' + event.way)
  return ways[event.way]()
}
