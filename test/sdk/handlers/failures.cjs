// What fails, how it is tried again, and what is cancelled.
module.exports = ({ restate, options, step, held, count, variant }) => {
  const { handler } = restate.handlers;
  const fast = { initialInterval: 10, exponentiationFactor: 1 };
  const failures = restate.service({
    name: 'Failures',
    options,
    handlers: {
      throws: handler({ ...options, retryPolicy: { ...fast, maxAttempts: 3, onMaxAttempts: 'pause' } }, async (ctx) => { await ctx.run('first', () => 1); throw new Error('plain'); }),
      throws_once_more: handler({ ...options, retryPolicy: { ...fast, maxAttempts: 2, onMaxAttempts: 'pause' } }, async (ctx, name) => {
        await ctx.run('first', () => 1);
        const times = count(name);
        if (times < 3) throw new Error(`time ${times}`);
        return times;
      }),
      killed: handler({ ...options, retryPolicy: { ...fast, maxAttempts: 2, onMaxAttempts: 'kill' } }, async (ctx) => { await ctx.run('first', () => 1); throw new Error('boom'); }),
      calls_killed: (ctx) => ctx.serviceClient({ name: 'Failures' }).killed(),
      recovers: handler({ ...options, retryPolicy: fast }, async (ctx, name) => {
        await ctx.run('kept', step(`kept ${name}`, 1));
        const times = count(name);
        if (times < 4) throw new Error(`time ${Math.min(times, 2)}`);
        return times;
      }),
      retryable: handler({ ...options, retryPolicy: { maxAttempts: 5 } }, async (ctx, name) => {
        const times = count(name);
        if (times < 3) throw new restate.RetryableError(`soon ${times}`, { retryAfter: { milliseconds: 10 } });
        return times;
      }),
      code: async (ctx, code) => { throw new restate.TerminalError(`code ${code}`, { errorCode: code }); },
      terminal: async () => { throw new restate.TerminalError('plain terminal'); },
      empty: async () => { throw new restate.TerminalError(''); },
      odd: async () => { throw new restate.TerminalError('line\nbreak "quoted" ünï \u{1F600}', { errorCode: 499, metadata: { 'ké y': 'v "x"' } }); },
      converts: handler({ ...options, asTerminalError: (error) => (error instanceof RangeError ? new restate.TerminalError('range', { errorCode: 416 }) : undefined) }, async () => { throw new RangeError('x'); }),
      cancelled_in_run: async (ctx, name) => { await ctx.run('long', held(name, 1)); await ctx.sleep(1); return 'not cancelled'; },
      catches: async (ctx) => {
        try { await ctx.sleep(86400000); } catch (error) {
          await ctx.run('undo', () => 'undone');
          return `${error.constructor.name} ${error.code} ${error.message}`;
        }
        return 'none';
      },
      backs_off: handler({ ...options, retryPolicy: { initialInterval: 600000 } }, async (ctx) => { await ctx.run('first', () => 1); throw new Error('for long'); }),
      step_backs_off: handler({ ...options, retryPolicy: { initialInterval: 600000 } }, async (ctx) => { await ctx.run('first', () => 1); await ctx.run('second', () => { throw new RangeError('in a step'); }); }),
      suspends: handler({ ...options, inactivityTimeout: 0 }, async (ctx) => { await ctx.run('first', () => 1); return Promise.all([ctx.awakeable().promise, ctx.sleep(86400000)]); }),
      explicit: handler({ ...options, explicitCancellation: true }, async (ctx) => {
        await ctx.run('published', () => 1);
        const cancelled = ctx.cancellation();
        const won = await restate.RestatePromise.race([ctx.sleep(86400000).map(() => 'slept'), cancelled.map((_, failure) => `cancelled ${failure?.code}`)]);
        return won;
      }),
      changed: async (ctx) => {
        await ctx.run(`step ${variant}`, () => variant);
        await ctx.sleep(86400000);
        return variant;
      },
      changed_until_told: async (ctx) => {
        const { id, promise } = ctx.awakeable();
        await ctx.run(`step ${variant}`, () => id);
        return `${await promise} ${variant}`;
      },
    },
  });
  return [failures];
};
