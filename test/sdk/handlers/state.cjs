// State of objects, read at once or when it is asked for.
module.exports = ({ restate, options, step, held }) => {
  const { shared, exclusive } = restate.handlers.object;
  const touch = async (ctx) => {
    const seen = [await ctx.get('a'), await ctx.get('missing'), await ctx.stateKeys()];
    ctx.set('a', { n: 1 });
    ctx.set('b', 'two');
    ctx.set('empty', '');
    ctx.set('ünï/code', [1]);
    seen.push(await ctx.get('a'), await ctx.get('empty'), await ctx.stateKeys());
    ctx.clear('b');
    ctx.clear('missing');
    seen.push(await ctx.get('b'), await ctx.stateKeys());
    ctx.clearAll();
    ctx.set('left', 1);
    seen.push(await ctx.get('a'), await ctx.stateKeys());
    return seen;
  };
  const counter = restate.object({
    name: 'Counter',
    options,
    handlers: {
      add: async (ctx, n) => {
        const count = ((await ctx.get('count')) ?? 0) + n;
        ctx.set('count', count);
        return count;
      },
      slow_add: async (ctx, n) => {
        const count = ((await ctx.get('count')) ?? 0) + n;
        await ctx.run('slow', step(`slow ${ctx.key}`, 1, 300));
        ctx.set('count', count);
        return count;
      },
      held_add: async (ctx, n) => {
        const count = ((await ctx.get('count')) ?? 0) + n;
        await ctx.run('held', held(ctx.key, 1));
        ctx.set('count', count);
        return count;
      },
      total: shared(async (ctx) => (await ctx.get('count')) ?? 0),
      keys: shared(async (ctx) => ctx.stateKeys()),
      key: async (ctx) => ctx.key,
      fails: async (ctx) => {
        ctx.set('count', 100);
        throw new restate.TerminalError('after the write');
      },
      fill: async (ctx, n) => {
        for (let i = 0; i < n; i += 1) ctx.set(`key${i}`, i);
        return (await ctx.stateKeys()).length;
      },
      fill_large: async (ctx, n) => {
        for (let i = 0; i < n; i += 1) ctx.set(`large${i}`, 'x'.repeat(400000));
      },
      size: async (ctx) => {
        let size = 0;
        for (const key of await ctx.stateKeys()) size += (await ctx.get(key)).length;
        return size;
      },
      binary: async (ctx) => {
        ctx.set('bytes', new Uint8Array([0, 255]), restate.serde.binary);
        return Array.from(await ctx.get('bytes', restate.serde.binary));
      },
      touch,
      shared_writes: shared(async (ctx) => { ctx.set?.('a', 1); return typeof ctx.set; }),
    },
  });
  const lazy = restate.object({
    name: 'Lazy',
    options: { ...options, enableLazyState: true },
    handlers: {
      touch,
      twice: async (ctx) => [await ctx.get('a'), await ctx.get('a'), await ctx.get('left')],
      eager: exclusive({ enableLazyState: false }, async (ctx) => [await ctx.get('left'), await ctx.stateKeys()]),
      both: shared(async (ctx) => [await ctx.get('left'), await ctx.stateKeys()]),
    },
  });
  return [counter, lazy];
};
