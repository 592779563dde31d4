// The load of life_worker.mjs and life_dbos.mjs: so many at a time, each followed by
// the next.

// Runs task again and again, so many at a time: after two seconds that are not counted
// for each of the numbers of seconds, of which it prints how many ended a second.
export async function measure(concurrency, seconds, task) {
  let done = 0;
  let running = true;
  const loops = Array.from({ length: concurrency }, async () => {
    while (running) {
      await task();
      done++;
    }
  });
  const counted = (async () => {
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    for (const length of seconds) {
      const [before, began] = [done, performance.now()];
      await new Promise((resolve) => { setTimeout(resolve, length * 1000); });
      console.log(((done - before) * 1000) / (performance.now() - began));
    }
    running = false;
  })();
  await Promise.all([counted, ...loops]);
}
