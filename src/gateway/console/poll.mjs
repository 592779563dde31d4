// Asks again from time to time, and not while nobody looks.

const SLOWEST = 60000;

/**
 * Calls ask, which returns a promise of whether there is more to come, every so many
 * milliseconds for as long as there is; more and more seldom while it fails, and at once
 * when the page is seen again.  Returns what stops it.
 */
export function poll(ask, every) {
  let timer = null;
  let running = false;
  let stopped = false;
  let wait = every;

  async function turn() {
    timer = null;
    if (running || stopped || document.hidden) return;
    running = true;
    let goesOn = true;
    try {
      goesOn = await ask();
      wait = every;
    } catch {
      wait = Math.min(wait * 2, SLOWEST);
    }
    running = false;
    if (!goesOn) stop();
    else if (!stopped && !document.hidden) timer = setTimeout(turn, wait);
  }
  function seen() {
    clearTimeout(timer);
    if (!document.hidden) turn();
  }
  function stop() {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  }
  document.addEventListener('visibilitychange', seen);
  timer = setTimeout(turn, every);
  return stop;
}
