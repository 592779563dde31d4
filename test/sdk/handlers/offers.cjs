// What else the SDK offers: codecs and serdes, typed descriptors, requests, hooks, and options
// that ask for more than version 6 of the protocol has.
module.exports = ({ restate, options, step, count }) => {
  const { handler } = restate.handlers;
  const { serde, rpc, RestatePromise } = restate;
  const Offers = { name: 'Offers' };
  const told = async (promise) => {
    try { return await promise; } catch (error) { return `${error.constructor.name} ${error.code} ${error.message}`; }
  };
  const reversed = {
    contentType: 'application/x-reversed',
    serialize: (value) => new TextEncoder().encode([...JSON.stringify(value)].reverse().join('')),
    deserialize: (bytes) => JSON.parse([...new TextDecoder().decode(bytes)].reverse().join('')),
  };
  const seen = [];
  const hooks = [() => ({ interceptor: { handler: async (next) => { seen.push('handler'); await next(); }, run: async (name, next) => { seen.push(name); await next(); } } })];
  const offers = restate.service({
    name: 'Offers',
    description: 'what it is for',
    metadata: { owner: 'us' },
    options,
    handlers: {
      request: async (ctx) => {
        const { target, id, headers, body, attemptHeaders, idempotencyKey } = ctx.request();
        return [target.toString(), target.service, target.handler, id.length, [...headers.keys()].filter((name) => name.startsWith('x-')), body.length,
          [...attemptHeaders.keys()].filter((name) => !/^(host|connection|transfer-encoding|content-length|:.*)$/.test(name)).sort(), attemptHeaders.get('content-type'), idempotencyKey ?? null];
      },
      run_serdes: async (ctx) => [
        await ctx.run('own', () => ({ a: [1] }), { serde: reversed }), await ctx.run('empty', () => undefined, { serde: serde.empty }) ?? 'nothing',
        Array.from(await ctx.run('no bytes', () => new Uint8Array(), { serde: serde.binary })), await ctx.run('json', () => 'x', { serde: serde.json })],
      call_serdes: async (ctx) => ctx.serviceClient(Offers).reverses({ a: 1 }, rpc.opts({ input: reversed, output: reversed })),
      reverses: handler({ ...options, serde: reversed, description: 'turns it round', metadata: { a: 'b' } }, async (ctx, value) => ({ turned: value })),
      awakes: async (ctx) => {
        const { id, promise } = ctx.awakeable(reversed);
        ctx.resolveAwakeable(id, { late: true }, reversed);
        return promise;
      },
      rejects_itself: async (ctx) => {
        const { id, promise } = ctx.awakeable();
        ctx.rejectAwakeable(id, new restate.TerminalError('told', { errorCode: 418, metadata: { a: 'b' } }));
        try { return await promise; } catch (error) { return [error.code, error.message, error.metadata ?? null]; }
      },
      signals_itself: async (ctx) => {
        const self = ctx.invocation(ctx.request().id);
        self.signal('a').resolve(1);
        self.signal('b').resolve();
        self.signal('a').resolve(2);
        self.signal('c').reject(new restate.TerminalError('no c', { errorCode: 410 }));
        return [await ctx.signal('b') ?? 'nothing', await ctx.signal('a'), await ctx.signal('a'), await told(ctx.signal('c'))];
      },
      signals_none: async (ctx, id) => { ctx.invocation(id).signal('a').resolve(1); return 'sent'; },
      signals_ended: async (ctx) => {
        const sent = ctx.serviceSendClient(Offers).empty();
        const id = await sent.invocationId;
        await ctx.attach(id);
        ctx.invocation(id).signal('late').resolve('x');
        return 'sent';
      },
      signals_scheduled: async (ctx) => {
        const sent = ctx.serviceSendClient(Offers).waits_signal(rpc.sendOpts({ delay: 1500 }));
        ctx.invocation(await sent.invocationId).signal('go').resolve('early');
        const id = await sent.invocationId;
        return told(ctx.attach(id));
      },
      waits_signal: async (ctx) => told(ctx.signal('go').orTimeout(2500)),
      empty: async () => {},
      rejects_signal: async (ctx, id) => { ctx.invocation(id).signal('go').reject(new restate.TerminalError('not so', { errorCode: 451 })); },
      hooked: handler({ ...options, hooks }, async (ctx) => { seen.length = 0; await ctx.run('one', () => 1); return seen; }),
      metadata: async () => { throw new restate.TerminalError('with much', { errorCode: 507, metadata: { b: '2', a: '1', 'Ü n': '' } }); },
      run_metadata: async (ctx) => {
        try { await ctx.run('fails', () => { throw new restate.TerminalError('in a step', { errorCode: 507, metadata: { b: '2', a: '1' } }); }); } catch (error) { return [error.code, error.metadata ?? null]; }
        return null;
      },
      call_metadata: async (ctx) => {
        try { await ctx.serviceClient(Offers).run_fails(); } catch (error) { return [error.code, error.message]; }
        return null;
      },
      run_fails: (ctx) => ctx.run('fails', () => { throw new restate.TerminalError('in a step', { errorCode: 507 }); }),
      any_of: async (ctx) => {
        const calls = [1, 2, 3].map((n) => ctx.serviceClient(Offers).after(n));
        return [await RestatePromise.any(calls), await RestatePromise.all(calls)];
      },
      after: async (ctx, n) => { await ctx.sleep(n === 1 ? 100 : 1500 * n); return n; },
      times_out: async (ctx) => {
        const call = ctx.serviceClient(Offers).after(1);
        return [await told(ctx.signal('never').orTimeout({ milliseconds: 20 })), await call, await told(RestatePromise.race([ctx.sleep(20), ctx.signal('never')]).map(() => 'slept'))];
      },
      retries_slowly: (ctx, name) => ctx.run('fourth time', () => {
        const times = count(name);
        if (times < 4) throw new Error(`time ${times}`);
        return times;
      }, { initialRetryInterval: { milliseconds: 5 }, maxRetryInterval: 10, retryIntervalFactor: 3, maxRetryDuration: { hours: 1 }, maxRetryAttempts: 10 }),
      retry_after: (ctx, name) => ctx.run('third time', () => {
        const times = count(name);
        if (times < 3) throw restate.RetryableError.from(new TypeError(`time ${times}`), { retryAfter: 20 });
        return times;
      }),
      gives_up_at_once: async (ctx) => told(ctx.run('once', () => { throw new Error('only once'); }, { maxRetryAttempts: 1 })),
      // version 7 of the protocol has them
      scoped: (ctx) => ctx.scope('one').serviceClient(Offers).empty(),
      limited: (ctx) => ctx.serviceClient(Offers).empty(rpc.opts({ limitKey: 'x' })),
      pauses: async () => { throw new restate.PauseError('pause, please'); },
      pauses_in_step: (ctx) => ctx.run('pauses', () => { throw new restate.PauseError('pause, please'); }),
      slow: handler({ ...options, inactivityTimeout: 100, abortTimeout: 300, retryPolicy: { initialInterval: 20, maxAttempts: 2, onMaxAttempts: 'kill' } }, async (ctx, name) => { await ctx.run('slow', step(`slow ${name}`, 1, 3000)); }),
      slow_enough: handler({ ...options, inactivityTimeout: 100, abortTimeout: 60000 }, async (ctx, name) => { await ctx.run('first', () => 0); const value = await ctx.run('slow', step(`slow ${name}`, 1, 700)); await ctx.sleep(10); return value; }),
      killed_at_once: handler({ ...options, retryPolicy: { maxAttempts: 1, onMaxAttempts: 'kill' } }, async () => { throw new TypeError('at once'); }),
      rejected: async () => Promise.reject(new Error()),
      throws_text: async () => { throw 'a text'; }, // eslint-disable-line no-throw-literal
      never_awaits: async (ctx) => { ctx.run('left', () => 1); ctx.serviceClient(Offers).empty(); ctx.sleep(100000); return 'ended'; },
      uses_console: async (ctx) => { ctx.console.log('seen'); return 'logged'; },
      random: async (ctx) => { const first = ctx.rand.random(); await ctx.sleep(1200); return first === await ctx.run('first', () => first); },
    },
  });
  const typed = restate.object({
    name: 'Typed',
    options: { ...options, serde: reversed },
    handlers: {
      put: async (ctx, value) => { ctx.set('value', value); ctx.set('plain', value, serde.json); return ctx.get('value'); },
      read: restate.handlers.object.shared(async (ctx) => [await ctx.get('value'), await ctx.get('plain', serde.json), await ctx.stateKeys()]),
      clears: async (ctx) => { ctx.clear('value'); ctx.clearAll(); return (await ctx.get('plain', serde.json)) ?? 'none'; },
    },
  });
  return [offers, typed];
};
