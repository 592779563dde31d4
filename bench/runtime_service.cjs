// The services of bench/runtime.pl and timers.pl, written with Restate's SDK as their users write them.
//
//   NODE_PATH=DIR node runtime_service.cjs PORT
//
// Says that it listens, on HTTP/2, which is how most are served.
const http2 = require('node:http2');
const restate = require('@restatedev/restate-sdk');

const result = 'x'.repeat(98);

const bench = restate.service({
  name: 'Bench',
  handlers: {
    none: async (ctx, input) => input,
    run10: async (ctx) => {
      let last;
      for (let i = 0; i < 10; i += 1) last = await ctx.run(`step ${i}`, () => result);
      return last;
    },
    naps: async (ctx, ms) => { await ctx.sleep(ms); },
    chain: async (ctx, n) => (n > 0 ? ctx.serviceClient(bench).chain(n - 1) : result),
  },
});

const counter = restate.object({
  name: 'Counter',
  handlers: {
    add: async (ctx) => {
      const count = ((await ctx.get('count')) ?? 0) + 1;
      ctx.set('count', count);
      return count;
    },
    total: restate.handlers.object.shared(async (ctx) => (await ctx.get('count')) ?? 0),
  },
});

const handler = restate.createEndpointHandler({ services: [bench, counter], bidirectional: true });
http2.createServer(handler).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
