// A browser that a test drives: it takes commands as lines of JSON from its
// standard input and answers each with a line.
//
//   node browser.mjs NODE_MODULES CHROMIUM [plain]
//
// The browser reaches no host but 127.0.0.1.  What a page does not need to be
// read, animations and blurs, is off.  A page that is shown plain has nothing of
// ours in it, so that its policy is seen to hold.
import { createRequire } from 'node:module';
import readline from 'node:readline';

const [modules, chromium, plain] = process.argv.slice(2);
const playwright = createRequire(`${modules}/node_modules/`)('playwright-core');
const browser = await playwright.chromium.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-software-rasterizer',
    '--disable-background-networking', '--disable-component-update', '--disable-domain-reliability', '--disable-sync',
    '--no-first-run', '--no-pings', '--force-prefers-reduced-motion', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
});
const context = await browser.newContext({
  viewport: { width: 1400, height: 900 }, timezoneId: plain ? 'Asia/Kolkata' : 'UTC', locale: 'en-US', reducedMotion: 'reduce', hasTouch: Boolean(plain),
});
// on a busy machine everything takes its time
context.setDefaultTimeout(240000);
if (!plain) await context.addInitScript(() => {
  // the filters of the page before are not this one's
  sessionStorage.removeItem('query');
  const still = document.createElement('style');
  still.textContent = '*, *::before, *::after { animation: none !important; transition: none !important; '
    + 'backdrop-filter: none !important; filter: none !important; mask-image: none !important }';
  const add = () => document.documentElement?.append(still);
  add();
  document.addEventListener('DOMContentLoaded', add);
});
const page = await context.newPage();

// what went wrong, and what was asked for and of whom, since they were last told
const faults = [];
const requests = [];
const origins = new Set();
page.on('pageerror', (error) => faults.push(`script: ${error}`));
page.on('console', (message) => {
  if (message.type() === 'error') faults.push(`console: ${message.text()}`);
});
context.on('response', (response) => {
  const request = response.request();
  if (response.status() >= 400) faults.push(`${response.status()} ${request.method()} ${new URL(request.url()).pathname}`);
});
context.on('request', (request) => {
  const url = new URL(request.url());
  origins.add(url.origin);
  if (url.pathname.startsWith('/ui/') || request.method() === 'GET') return;
  requests.push(`${request.method()} ${url.pathname}${url.search}`);
});

const text = (locator) => locator.evaluateAll((elements) => elements.map((e) => e.innerText).join('\n').replace(/\s+/g, ' ').trim());
const commands = {
  open: async ({ url, until }) => {
    await page.goto(url, { waitUntil: 'commit' });
    await page.locator(until).first().waitFor();
  },
  click: async ({ on, until }) => {
    await page.locator(on).first().click();
    if (until) await page.locator(until).first().waitFor();
  },
  type: async ({ into, text: typed }) => page.locator(into).first().pressSequentially(typed),
  press: async ({ key }) => page.keyboard.press(key),
  press_on: async ({ on, key }) => page.locator(on).first().press(key),
  wait: async ({ until, state }) => page.locator(until).first().waitFor({ state: state ?? 'visible' }),
  read: async ({ of }) => text(page.locator(of)),
  links: async ({ of }) => page.locator(of).evaluateAll((elements) => elements.map((e) => e.getAttribute('href'))),
  choices: async ({ of }) => page.locator(of).evaluateAll((elements) => elements.map((e) => e.value)),
  url: async () => page.url(),
  faults: async () => faults.splice(0),
  requests: async () => requests.splice(0),
  picture: async ({ file, of }) => { await (of ? page.locator(of).first() : page).screenshot({ path: file, timeout: 20000 }); },
  count: async ({ of }) => page.locator(of).count(),
  fill: async ({ into, text: typed }) => page.locator(into).first().fill(typed),
  choose: async ({ in: select, value }) => page.locator(select).first().selectOption(value),
  attribute: async ({ of, name }) => page.locator(of).first().getAttribute(name),
  focused: async () => page.evaluate(() => document.activeElement?.id ?? ''),
  focus: async ({ on }) => page.locator(on).first().focus(),
  reload: async ({ until }) => { await page.reload({ waitUntil: 'commit' }); await page.locator(until).first().waitFor(); },
  back: async ({ until }) => { await page.goBack(); await page.locator(until).first().waitFor(); },
  size: async ({ width, height }) => page.setViewportSize({ width, height: height ?? 900 }),
  scheme: async ({ scheme }) => page.emulateMedia({ colorScheme: scheme }),
  // by how much the page is wider than the window
  overflow: async () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  origins: async () => [...origins],
  evaluate: async ({ script }) => page.evaluate(script),
  // the mouse takes hold of the middle of one thing and lets go of it at the end of another
  drag: async ({ from, to }) => {
    await page.locator(to).first().scrollIntoViewIfNeeded();
    const [a, b] = [await page.locator(from).first().boundingBox(), await page.locator(to).first().boundingBox()];
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(b.x + b.width / 2, b.y + b.height, { steps: 8 });
    await page.mouse.up();
  },
  // the same with a finger
  swipe: async ({ from, to }) => {
    const [a, b] = [await page.locator(from).first().boundingBox(), await page.locator(to).first().boundingBox()];
    const session = await context.newCDPSession(page);
    const touch = (type, x, y) => session.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
    const x = a.x + a.width / 2;
    await touch('touchStart', x, a.y + a.height / 2);
    for (let step = 1; step <= 8; step++) await touch('touchMove', x, a.y + a.height / 2 + ((b.y + b.height - a.y - a.height / 2) * step) / 8);
    await touch('touchEnd');
    await session.detach();
  },
  // the answer to the next request of the method is lost on its way
  lose: async ({ method }) => {
    let isDue = true;
    await page.route('**/*', async (route) => {
      if (!isDue || route.request().method() !== method) {
        await route.fallback();
        return;
      }
      isDue = false;
      await route.fetch();
      await route.abort();
    });
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  let answer;
  try {
    const command = JSON.parse(line);
    answer = { ok: (await commands[command.do](command)) ?? null };
  } catch (error) {
    answer = { error: String(error).slice(0, 2000), page: await text(page.locator('body')).catch(() => '') };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
