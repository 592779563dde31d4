// The orders of a shop, written with Restate's TypeScript SDK and nothing else.
//
//     npm install
//     PORT=9080 node orders.js
//
// Then tell the gateway of it, at its admin port:
//
//     curl localhost:9070/deployments --json '{"uri": "http://localhost:9080"}'
import http2 from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';
import * as restate from '@restatedev/restate-sdk';

// What is left of an item: an object, of which each item is a key.  Its handlers are
// called one after the other for the same key.
const stock = restate.object({
  name: 'Stock',
  handlers: {
    take: async (ctx) => {
      const left = (await ctx.get('left')) ?? 10;
      if (left === 0) {
        throw new restate.TerminalError(`no ${ctx.key} is left`, { errorCode: 409 });
      }
      ctx.set('left', left - 1);
      return left - 1;
    },
  },
});

// What a step of ctx.run returns is kept, and the step is not done again: neither when this
// process dies, nor when the order is restarted behind it.  An error is tried again, but
// for a TerminalError, with which the order ends.
const orders = restate.service({
  name: 'Orders',
  handlers: {
    place: async (ctx, order) => {
      if (typeof order?.item !== 'string' || typeof order.price !== 'number') {
        throw new restate.TerminalError('an order has an item and a price', { errorCode: 400 });
      }
      await ctx.run('charge', () => console.log(`charges ${order.price} for the ${order.item}`));
      const left = await ctx.objectClient(stock, order.item).take();
      await ctx.run('pack', () => pack(order));
      const receipt = await ctx.run('write receipt', () => `1 ${order.item}, ${order.price} EUR`);
      return { receipt, left };
    },
  },
});

async function pack(order) {
  console.log(`begins to pack the ${order.item}`);
  await wait((order.seconds ?? 0) * 1000);
  console.log(`has packed the ${order.item}`);
}

const handler = restate.createEndpointHandler({ services: [orders, stock] });
const server = http2.createServer(handler);
server.listen(Number(process.env.PORT ?? 9080), '127.0.0.1', () => console.log(`listens on port ${server.address().port}`));
