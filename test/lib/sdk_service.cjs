// A service written with Restate's SDK, as its users write one, behind HTTP/1.1: each
// request is answered when it has been read.  GET /done tells which steps were done.
//
//   NODE_PATH=DIR node sdk_service.cjs [PORT]
//
// Prints the port that it listens on.
const http = require('node:http');
const restate = require('@restatedev/restate-sdk');

const done = [];
const step = (name, value) => () => {
  done.push(name);
  return value;
};
let stumbles = 0;

const basket = restate.object({
  name: 'Basket',
  handlers: {
    add: async (ctx, count) => {
      const sum = ((await ctx.get('count')) ?? 0) + count;
      ctx.set('count', sum);
      return sum;
    },
    total: restate.handlers.object.shared(async (ctx) => (await ctx.get('count')) ?? 0),
    empty: async (ctx) => {
      const keys = await ctx.stateKeys();
      ctx.clearAll();
      return keys;
    },
  },
});

const signup = restate.workflow({
  name: 'Signup',
  handlers: {
    run: async (ctx, name) => `${name} ${await ctx.promise('confirmed')}`,
    confirm: async (ctx, word) => {
      await ctx.promise('confirmed').resolve(word);
      return (await ctx.promise('confirmed').peek()) ?? null;
    },
  },
});

const order = restate.service({
  name: 'Order',
  handlers: {
    place: async (ctx, who) => {
      const price = await ctx.run('price', step(`price ${who}`, 7));
      const [paid, sent] = await restate.RestatePromise.all([
        ctx.run('pay', step(`pay ${who}`, 'paid')), ctx.run('send', step(`send ${who}`, 'sent')),
      ]);
      await ctx.sleep(1, 'nap');
      const total = await ctx.objectClient(basket, who).add(price);
      return `${who} ${paid} ${sent} ${total}`;
    },
    ask: async (ctx) => {
      const { id, promise } = ctx.awakeable();
      await ctx.run('publish', () => id);
      return promise;
    },
    refuse: async () => {
      throw new restate.TerminalError('no way', { errorCode: 409, metadata: { a: 'b' } });
    },
    stumble: async (ctx) => {
      await ctx.run('first', step('first'));
      stumbles += 1;
      if (stumbles < 3) {
        throw new Error('stumbled');
      }
      return stumbles;
    },
    give_up: (ctx) => ctx.run('boom', () => { throw new Error('boom'); }, { initialRetryInterval: 1, maxRetryAttempts: 3 }),
    send: async (ctx) => {
      const sent = ctx.objectSendClient(basket, 'b-1').add(5, restate.rpc.sendOpts({ idempotencyKey: 'once', headers: { a: 'b' } }));
      const first = await ctx.attach(await sent.invocationId);
      return [first, await ctx.objectClient(basket, 'b-1').total(), await ctx.objectClient(basket, 'b-1').empty()];
    },
    wait: async (ctx) => {
      await ctx.sleep(86400000);
    },
  },
});

const handler = restate.createEndpointHandler({ services: [order, basket, signup] });
const server = http.createServer((request, response) => {
  if (request.url === '/done') {
    response.end(JSON.stringify(done));
  } else {
    handler(request, response);
  }
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(server.address().port));
