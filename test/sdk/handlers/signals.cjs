// Awakeables and signals.
module.exports = ({ restate, options, held }) => {
  const told = async (promise) => {
    try { return await promise; } catch (error) { return `${error.code} ${error.message}`; }
  };
  const signals = restate.service({
    name: 'Signals',
    options,
    handlers: {
      ask: async (ctx) => {
        const { id, promise } = ctx.awakeable();
        await ctx.run('publish', () => id);
        return told(promise);
      },
      ask_late: async (ctx, name) => {
        const { id, promise } = ctx.awakeable();
        await ctx.run('publish', () => id);
        await ctx.run('wait', held(name, 1));
        return promise;
      },
      ask_two: async (ctx) => {
        const [first, second] = [ctx.awakeable(), ctx.awakeable()];
        await ctx.run('publish', () => [first.id, second.id]);
        return [await second.promise, await first.promise];
      },
      ask_bytes: async (ctx) => {
        const { id, promise } = ctx.awakeable(restate.serde.binary);
        await ctx.run('publish', () => id);
        return Array.from(await promise);
      },
      resolves: async (ctx, id) => { ctx.resolveAwakeable(id, { a: 1 }); },
      resolves_empty: async (ctx, id) => { ctx.resolveAwakeable(id); },
      rejects: async (ctx, id) => { ctx.rejectAwakeable(id, 'not today'); },
      rejects_with: async (ctx, id) => { ctx.rejectAwakeable(id, new restate.TerminalError('gone', { errorCode: 410 })); },
      waits: async (ctx) => told(ctx.signal('go')),
      signals: async (ctx, id) => { ctx.invocation(id).signal('go').resolve({ b: 2 }); },
      signal_rejects: async (ctx, id) => { ctx.invocation(id).signal('go').reject('no go'); },
    },
  });
  return [signals];
};
