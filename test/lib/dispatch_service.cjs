// Services written with Restate's SDK, as their users write them, for the dispatcher to run.
//
//   NODE_PATH=DIR node dispatch_service.cjs MODE PORT STEPS [VARIANT]
//
// MODE: h2 and h1 read and answer a request at the same time, over HTTP/2 without TLS and
// HTTP/1.1; h2half and h1half read it whole before they answer.  With tls at its end, they
// do so in TLS, with the certificate in the files TLS_CERTIFICATE and TLS_KEY.  Prints the
// port that it listens on.  To the file STEPS it adds a line for each step that is done.  VARIANT is a
// word in the name of one step: with another one the code is another.
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const restate = require('@restatedev/restate-sdk');

const [mode, port, steps, variant = 'A'] = process.argv.slice(2);
const step = (name, value, ms = 0, hangs = false) => async () => {
  const isDue = !hangs || fs.readFileSync(steps, 'utf8').split('\n').includes(`begin ${name}`);
  fs.appendFileSync(steps, `begin ${name}\n`);
  if (!isDue) await new Promise(() => {});
  if (ms > 0) await new Promise((resolve) => { setTimeout(resolve, ms); });
  fs.appendFileSync(steps, `end ${name}\n`);
  return value;
};

const hourly = { retryPolicy: { initialInterval: 3600000, maxInterval: 3600000 } };

const counter = restate.object({
  name: 'Counter',
  handlers: {
    add: async (ctx, n) => {
      const count = ((await ctx.get('count')) ?? 0) + n;
      ctx.set('count', count);
      return count;
    },
    total: restate.handlers.object.shared(async (ctx) => (await ctx.get('count')) ?? 0),
    fails: async (ctx) => {
      ctx.set('count', 100);
      throw new restate.TerminalError('after the write');
    },
  },
});

const flow = restate.workflow({
  name: 'Flow',
  handlers: {
    run: async (ctx, name) => `${name} ${await ctx.promise('approved')}`,
    approve: async (ctx, word) => { await ctx.promise('approved').resolve(word); return word; },
  },
});

const work = restate.service({
  name: 'Work',
  handlers: {
    greet: async (ctx, name) => {
      const a = await ctx.run('one', step(`one ${name}`, 'A'));
      await ctx.run('two', step(`two ${name}`, { b: 1 }));
      const c = await ctx.run('three', step(`three ${name}`, 3));
      await ctx.sleep(30, 'nap');
      return `${name} ${a} ${await ctx.objectClient(counter, name).add(c)}`;
    },
    steps: async (ctx, n) => {
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum += await ctx.run(`s${i}`, () => i);
      return sum;
    },
    // steps that hang do not end the first time they are begun
    chain: restate.handlers.handler({ inactivityTimeout: 3600000 }, async (ctx, { name, ms, hangs = [] }) => {
      let sum = 0;
      for (let i = 1; i <= 3; i += 1) sum += await ctx.run(`c${i}`, step(`${name}${i}`, i, ms, hangs.includes(i)));
      return sum;
    }),
    all: async (ctx) => restate.RestatePromise.all([
      ctx.run('p1', step('p1', 1, 60)), ctx.run('p2', step('p2', 2, 5)), ctx.sleep(20).map(() => 'slept')]),
    ask: restate.handlers.handler({ inactivityTimeout: 3600000 }, async (ctx) => {
      const { id, promise } = ctx.awakeable();
      await ctx.run('publish', () => id);
      return promise;
    }),
    ask_suspended: restate.handlers.handler({ inactivityTimeout: 0 }, async (ctx) => {
      const { id, promise } = ctx.awakeable();
      await ctx.run('publish', () => id);
      return promise;
    }),
    ask_late: async (ctx) => {
      const { id, promise } = ctx.awakeable();
      await ctx.run('publish', () => id);
      await ctx.run('wait', step('wait', 1, 600));
      return promise;
    },
    refuse: async () => { throw new restate.TerminalError('no way', { errorCode: 409, metadata: { a: 'b' } }); },
    relay: (ctx) => ctx.serviceClient(work).refuse(),
    flaky: (ctx) => ctx.run('boom', async () => { await step('boom', 0)(); throw new Error('boom'); }, { initialRetryInterval: 1, maxRetryAttempts: 3 }),
    throws: restate.handlers.handler({ retryPolicy: { initialInterval: 10, maxAttempts: 3, onMaxAttempts: 'pause' } },
      async () => { await step('throws', 0)(); throw new Error('plain'); }),
    // fails, and is tried again in an hour: at once, behind a step, and in a step
    falls: restate.handlers.handler(hourly, async () => { throw new Error('fallen'); }),
    falls_behind: restate.handlers.handler(hourly, async (ctx) => {
      await ctx.run('good', () => 1);
      await ctx.sleep(1);
      throw new Error('fallen');
    }),
    falls_within: restate.handlers.handler(hourly, async (ctx) => {
      await ctx.run('good', () => 1);
      await ctx.run('bad', () => { throw new Error('fallen'); });
    }),
    // fails once, and goes on for as long as a step takes
    stumbles: restate.handlers.handler({ inactivityTimeout: 3600000, retryPolicy: { initialInterval: 10 } }, async (ctx, ms) => {
      if (!fs.readFileSync(steps, 'utf8').includes('begin stumble')) { await step('stumble', 0)(); throw new Error('stumbled'); }
      await ctx.run('up', step('up', 1, ms));
    }),
    naps: async (ctx, ms) => { await ctx.sleep(ms); },
    sleeps: restate.handlers.handler({ inactivityTimeout: 3600000 }, async (ctx) => { await ctx.sleep(86400000); }),
    calls: (ctx) => ctx.serviceClient(work).sleeps(),
    changed: async (ctx) => {
      await ctx.run(`step ${variant}`, step('changed', 1));
      await ctx.sleep(86400000);
    },
    hangs: restate.handlers.handler({ inactivityTimeout: 200, abortTimeout: 300, retryPolicy: { maxAttempts: 1, onMaxAttempts: 'pause' } },
      async () => { await step('hangs', 0)(); await new Promise(() => {}); }),
    waits: restate.handlers.handler({ inactivityTimeout: 200 }, async (ctx) => { await ctx.sleep(1500); return 1; }),
    echo: async (ctx, text) => text,
    attempt: async (ctx) => ['x-restate-cluster-name', 'x-restate-invocation-id', 'traceparent', 'tracestate', 'x-own'].map((name) => ctx.request().attemptHeaders.get(name) ?? null),
    length: async (ctx, text) => text.length,
    pour: restate.handlers.handler({ inactivityTimeout: 600000 }, async (ctx, { name, n, size, go }) => {
      let sum = 0;
      await ctx.run('ready', step(`ready ${name}`, 1));
      for (let i = 0; i < n; i += 1) {
        sum += (await ctx.run(`big${i}`, async () => {
          while (!fs.existsSync(go)) await new Promise((resolve) => { setTimeout(resolve, 20); });
          return 'x'.repeat(size);
        })).length;
      }
      return sum;
    }),
    stored: restate.handlers.handler({ inactivityTimeout: 0 }, async (ctx, n) => {
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum += await ctx.run(`s${i}`, () => i);
      return sum;
    }),
    nul: async (ctx) => { await ctx.run('a\0b', () => 1); },
  },
});

const handler = restate.createEndpointHandler({ services: [work, counter, flow], bidirectional: !mode.includes('half') });
const pair = mode.includes('tls') ? { key: fs.readFileSync(process.env.TLS_KEY), cert: fs.readFileSync(process.env.TLS_CERTIFICATE) } : null;
const server = mode.startsWith('h2') ? (pair ? http2.createSecureServer(pair, handler) : http2.createServer(handler)) :
  pair ? https.createServer(pair, handler) : http.createServer(handler);
server.on('request', ({ url, headers }) => { if (url.endsWith('/discover')) fs.appendFileSync(steps, `discovered by ${headers['x-restate-cluster-name']}\n`); });
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port));
