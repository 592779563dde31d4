// A browser that a test drives: it takes commands as lines of JSON from its
// standard input and answers each with a line.
//
//   node browser.mjs NODE_MODULES CHROMIUM
//
// The browser reaches no host but 127.0.0.1.  What a page does not need to be
// read, animations and blurs, is off.
import { createRequire } from 'node:module';
import readline from 'node:readline';

const [modules, chromium] = process.argv.slice(2);
const playwright = createRequire(`${modules}/node_modules/`)('playwright-core');
const browser = await playwright.chromium.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-software-rasterizer',
    '--disable-background-networking', '--disable-component-update', '--disable-domain-reliability', '--disable-sync',
    '--no-first-run', '--no-pings', '--force-prefers-reduced-motion', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
});
const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, timezoneId: 'UTC', locale: 'en-US' });
// on a busy machine everything takes its time
context.setDefaultTimeout(240000);
await context.addInitScript(() => {
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

// what went wrong, and what was asked for, since they were last told
let faults = [];
let requests = [];
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
  wait: async ({ until, state }) => page.locator(until).first().waitFor({ state: state ?? 'visible' }),
  read: async ({ of }) => text(page.locator(of)),
  links: async ({ of }) => page.locator(of).evaluateAll((elements) => elements.map((e) => e.getAttribute('href'))),
  choices: async ({ of }) => page.locator(of).evaluateAll((elements) => elements.map((e) => e.value)),
  url: async () => page.url(),
  faults: async () => faults.splice(0),
  requests: async () => requests.splice(0),
  picture: async ({ file }) => { await page.screenshot({ path: file, timeout: 20000 }); },
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
