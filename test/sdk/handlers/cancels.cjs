// What is cancelled wherever a handler can wait, and what it makes of it.
module.exports = ({ restate, options }) => {
  const { handler } = restate.handlers;
  const { RestatePromise } = restate;
  const long = 86400000;
  const Cancels = { name: 'Cancels' };
  const told = async (promise) => {
    try { return await promise; } catch (error) { return `${error.constructor.name} ${error.code} ${error.message}`; }
  };
  const cancels = restate.service({
    name: 'Cancels',
    options,
    handlers: {
      sleeps: (ctx) => ctx.sleep(long),
      fails: async () => { throw new restate.TerminalError('its own', { errorCode: 422 }); },
      in_attach: async (ctx) => {
        const sent = ctx.serviceSendClient(Cancels).sleeps();
        const id = await sent.invocationId;
        return told(ctx.attach(id));
      },
      // where nothing is stored yet, the real server forgets that one was cancelled
      in_signal: async (ctx) => { await ctx.run('begun', () => 1); return told(ctx.signal('never')); },
      in_race: (ctx) => told(RestatePromise.race([ctx.sleep(long), ctx.awakeable().promise])),
      in_all: (ctx) => told(RestatePromise.all([ctx.serviceClient(Cancels).sleeps(), ctx.serviceClient(Cancels).sleeps()])),
      in_any: (ctx) => told(RestatePromise.any([ctx.sleep(long), ctx.signal('never')])),
      in_settled: (ctx) => told(RestatePromise.allSettled([ctx.sleep(long), ctx.signal('never')])),
      in_timeout: (ctx) => told(ctx.signal('never').orTimeout(long)),
      in_map: (ctx) => told(ctx.sleep(long).map((_, failure) => `mapped ${failure?.code}`)),
      in_call_id: async (ctx) => {
        const call = ctx.serviceClient(Cancels).sleeps();
        return [(await call.invocationId).length, await told(call)];
      },
      // each wait after it is an ordinary one
      twice: async (ctx) => [await told(ctx.sleep(long)), await ctx.run('between', () => 1), await told(ctx.sleep(long, 'again'))],
      undoes: async (ctx) => {
        const first = await told(ctx.sleep(long));
        return [first, await told(ctx.serviceClient(Cancels).fails()), await told(ctx.sleep(1))];
      },
      // its calls go on where it asks for the cancellation
      explicit_calls: handler({ ...options, explicitCancellation: true }, async (ctx) => {
        const call = ctx.serviceClient(Cancels).sleeps();
        const id = await call.invocationId;
        const won = await RestatePromise.race([call.map(() => 'ended'), ctx.cancellation().map((_, failure) => `cancelled ${failure?.code}`)]);
        const cancelled = await ctx.cancelPreviousCalls();
        return [won, cancelled.length, cancelled[0] === id, await told(call)];
      }),
      explicit_twice: handler({ ...options, explicitCancellation: true }, async (ctx) => {
        await ctx.run('begun', () => 1);
        const first = await told(ctx.cancellation());
        await ctx.run('between', () => 1);
        return [first, await told(RestatePromise.race([ctx.cancellation(), ctx.sleep(long)]))];
      }),
      itself: async (ctx) => {
        ctx.cancel(ctx.request().id);
        return told(ctx.sleep(long));
      },
      attaches_failed: async (ctx) => {
        const sent = ctx.serviceSendClient(Cancels).fails();
        const id = await sent.invocationId;
        const first = await told(ctx.attach(id));
        try { await ctx.invocation(id).attach(); } catch (error) { return [first, error.code, error.message]; }
        return [first];
      },
      cancels_ended: async (ctx) => {
        const sent = ctx.serviceSendClient(Cancels).fails();
        const id = await sent.invocationId;
        const first = await told(ctx.attach(id));
        ctx.cancel(id);
        ctx.invocation(id).cancel();
        return [first, await told(ctx.attach(id))];
      },
      attaches_cancelled: async (ctx) => {
        const sent = ctx.serviceSendClient(Cancels).sleeps();
        const id = await sent.invocationId;
        ctx.invocation(id).cancel();
        return told(ctx.attach(id));
      },
    },
  });
  const waits = restate.workflow({
    name: 'Waits',
    options,
    handlers: {
      run: async (ctx) => { ctx.set('begun', true); return told(ctx.promise('never').get()); },
      state: async (ctx) => [await ctx.get('begun'), await ctx.promise('never').peek() ?? 'open'],
      resolve: async (ctx, word) => told(ctx.promise('never').resolve(word)),
    },
  });
  const locks = restate.object({
    name: 'Locks',
    options,
    handlers: {
      calls_itself: (ctx) => told(ctx.objectClient({ name: 'Locks' }, ctx.key).quick()),
      quick: async (ctx) => ctx.key,
      sleeps: async (ctx) => { ctx.set('asleep', 1); return told(ctx.sleep(long)); },
    },
  });
  return [cancels, waits, locks];
};
