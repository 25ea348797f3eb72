// Keeps in touch with metakeyd: it tells the whole state whenever that has changed. When it is
// gone, asks again after 1, 2, 4 ... 30 seconds.

const MOST_S = 30;

/** metakeyd says something every 15 s; if nothing comes for this long, it hangs. */
const SILENCE_MS = 40_000;

/**
 * told(state): the newest state. lost(since, seconds): nobody answers, and it asks again then.
 * Returns what asks at once.
 */
export function follow(told, lost) {
  let source;
  let silence;
  let since = null;
  let waitS = 1;
  let leftS = 0;
  let clock;

  function ask() {
    clearInterval(clock);
    source?.close();
    source = new EventSource('api/events');
    source.addEventListener('state', (event) => {
      since = null;
      waitS = 1;
      listen();
      told(JSON.parse(event.data));
    });
    source.addEventListener('here', listen);
    source.addEventListener('error', lose);
    listen();
  }

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(lose, SILENCE_MS);
  }

  function lose() {
    clearTimeout(silence);
    clearInterval(clock);
    source.close();
    since ??= new Date();
    leftS = waitS;
    waitS = Math.min(MOST_S, 2 * waitS);
    lost(since, leftS);
    clock = setInterval(() => {
      leftS -= 1;
      if (leftS > 0) lost(since, leftS);
      else ask();
    }, 1000);
  }

  addEventListener('online', ask);
  ask();
  return ask;
}
