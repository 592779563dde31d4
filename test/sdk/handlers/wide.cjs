// Much of it: calls at once, depth, large values, long journals.
module.exports = ({ restate, options, step }) => {
  const { RestatePromise, serde } = restate;
  const { handler } = restate.handlers;
  const Wide = { name: 'Wide' };
  const wide = restate.service({
    name: 'Wide',
    options,
    handlers: {
      echo: async (ctx, value) => value,
      calls: async (ctx, n) => {
        const all = await RestatePromise.all(Array.from({ length: n }, (_, i) => ctx.serviceClient(Wide).echo(i)));
        return all.reduce((sum, each) => sum + each, 0);
      },
      sends: async (ctx, { n, key }) => { for (let i = 0; i < n; i += 1) ctx.objectSendClient({ name: 'Counter' }, key).add(1); },
      steps_at_once: async (ctx, n) => {
        const all = await RestatePromise.all(Array.from({ length: n }, (_, i) => ctx.run(`s${i}`, () => i)));
        return all.reduce((sum, each) => sum + each, 0);
      },
      sleeps_at_once: async (ctx, n) => { await RestatePromise.all(Array.from({ length: n }, (_, i) => ctx.sleep(i % 50))); return n; },
      deep: async (ctx, depth) => (depth === 0 ? 0 : 1 + await ctx.serviceClient(Wide).deep(depth - 1)),
      size: handler({ ...options, input: serde.binary }, async (ctx, bytes) => bytes.length),
      large: handler({ ...options, output: serde.binary }, async (ctx, n) => new Uint8Array(n).fill(120)),
      large_step: async (ctx, n) => (await ctx.run('large', () => new Uint8Array(n).fill(120), { serde: serde.binary })).length,
      large_call: async (ctx, n) => {
        const answer = await ctx.genericCall({ service: 'Wide', method: 'size', parameter: new Uint8Array(n).fill(120) });
        return new TextDecoder().decode(answer);
      },
      large_answer: async (ctx, n) => (await ctx.genericCall({ service: 'Wide', method: 'large', parameter: n, inputSerde: serde.json })).length,
      large_awakeable: async (ctx) => {
        const { id, promise } = ctx.awakeable(serde.binary);
        await ctx.run('publish', () => id);
        return (await promise).length;
      },
      long: async (ctx, n) => {
        let sum = 0;
        for (let i = 0; i < n; i += 1) sum += await ctx.run(`s${i}`, () => i);
        await ctx.run('last', step('last', 1));
        return sum;
      },
    },
  });
  return [wide];
};
