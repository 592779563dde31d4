// Calls, sends, and invocations that are held by their ids.
module.exports = ({ restate, options, step }) => {
  const { rpc } = restate;
  const Counter = { name: 'Counter' };
  const Caller = { name: 'Caller' };
  const caller = restate.service({
    name: 'Caller',
    options,
    handlers: {
      echo: async (ctx, text) => text,
      headers: async (ctx) => Object.fromEntries([...ctx.request().headers].filter(([name]) => /^(x-own|traceparent)/.test(name))),
      refuse: async () => { throw new restate.TerminalError('no way', { errorCode: 409, metadata: { a: 'b', c: 'd' } }); },
      relay: (ctx) => ctx.serviceClient(Caller).refuse(),
      relay_twice: (ctx) => ctx.serviceClient(Caller).relay(),
      slow: (ctx, name) => ctx.run('slow', step(`slow ${name}`, name, 300)),
      sleeps: (ctx) => ctx.sleep(86400000),
      call: async (ctx) => {
        const call = ctx.serviceClient(Caller).echo('hi', rpc.opts({ headers: { 'x-own': '1', 'X-Other': '2' } }));
        const id = await call.invocationId;
        return [await call, id.startsWith('inv_1')];
      },
      call_headers: (ctx) => ctx.serviceClient(Caller).headers(rpc.opts({ headers: { 'x-own': '1' } })),
      call_key: (ctx, key) => ctx.objectClient(Counter, key).key(),
      call_once: async (ctx, key) => {
        const call = () => ctx.objectClient(Counter, key).add(1, rpc.opts({ idempotencyKey: `once ${key}` }));
        return [await call(), await call()];
      },
      call_slow_once: (ctx, key) => ctx.serviceClient(Caller).slow(key, rpc.opts({ idempotencyKey: key })),
      send: async (ctx, key) => {
        const sent = ctx.objectSendClient(Counter, key).add(5, rpc.sendOpts({ idempotencyKey: 'once', headers: { a: 'b' } }));
        const id = await sent.invocationId;
        return [await ctx.attach(id), await ctx.invocation?.(id).attach()];
      },
      send_only: async (ctx, key) => { ctx.objectSendClient(Counter, key).add(1); ctx.objectSendClient(Counter, key).add(2); },
      send_later: async (ctx, key) => {
        const sent = ctx.objectSendClient(Counter, key).add(7, rpc.sendOpts({ delay: 200 }));
        return ctx.attach(await sent.invocationId);
      },
      send_far: async (ctx, key) => {
        const sent = ctx.objectSendClient(Counter, key).add(7, rpc.sendOpts({ delay: { days: 300 } }));
        return sent.invocationId;
      },
      generic: async (ctx, key) => {
        const bytes = (text) => new TextEncoder().encode(text);
        const answer = await ctx.genericCall({ service: 'Counter', method: 'add', key, parameter: bytes('4'), headers: { x: 'y' } });
        const typed = await ctx.genericCall({ service: 'Caller', method: 'echo', parameter: { a: 1 }, inputSerde: restate.serde.json, outputSerde: restate.serde.json, idempotencyKey: `generic ${key}` });
        const sent = ctx.genericSend({ service: 'Counter', method: 'add', key, parameter: bytes('1'), delay: 10 });
        return [new TextDecoder().decode(answer), typed, await ctx.attach(await sent.invocationId)];
      },
      cancels: async (ctx) => {
        const call = ctx.serviceClient(Caller).sleeps();
        const id = await call.invocationId;
        await ctx.sleep(200);
        ctx.cancel(id);
        try { await call; } catch (error) { return `${error.code} ${error.message}`; }
        return 'none';
      },
      cancels_sent: async (ctx, key) => {
        const sent = ctx.objectSendClient(Counter, key).add(7, rpc.sendOpts({ delay: { days: 300 } }));
        ctx.cancel(await sent.invocationId);
        try { return await ctx.attach(await sent.invocationId); } catch (error) { return `${error.code} ${error.message}`; }
      },
      attach_unknown: async (ctx, id) => {
        try { return await ctx.attach(id); } catch (error) { return `${error.code} ${error.message}`; }
      },
      cancel_unknown: async (ctx, id) => { ctx.cancel(id); return 'sent'; },
      attach_malformed: (ctx) => ctx.attach('nonsense'),
      // the callee of one waits for the other
      nested: async (ctx, depth) => (depth === 0 ? 0 : 1 + await ctx.serviceClient(Caller).nested(depth - 1)),
      fan: async (ctx, n) => {
        const calls = Array.from({ length: n }, (_, i) => ctx.serviceClient(Caller).echo(i));
        return restate.RestatePromise.all(calls);
      },
      sleeps_for: (ctx) => ctx.serviceClient(Caller).sleeps(),
      sends_sleep: async (ctx) => { const sent = ctx.serviceSendClient(Caller).sleeps(); await sent.invocationId; await ctx.sleep(86400000); },
      no_service: (ctx) => ctx.genericCall({ service: 'Nobody', method: 'nothing', parameter: new Uint8Array() }),
      no_handler: (ctx) => ctx.genericCall({ service: 'Caller', method: 'nothing', parameter: new Uint8Array() }),
      no_key: async (ctx) => new TextDecoder().decode(await ctx.genericCall({ service: 'Counter', method: 'key', parameter: new Uint8Array() })),
      a_key: (ctx) => ctx.genericCall({ service: 'Caller', method: 'echo', key: 'k', parameter: new TextEncoder().encode('1') }),
      named: (ctx) => ctx.serviceClient(Caller).echo(1, rpc.opts({ name: 'a name of mine' })),
    },
  });
  return [caller];
};
