// Workflows and their promises.
module.exports = ({ restate, options }) => {
  const { shared } = restate.handlers.workflow;
  const flow = restate.workflow({
    name: 'Flow',
    options,
    handlers: {
      run: async (ctx, name) => {
        ctx.set('name', name);
        return `${name} ${await ctx.promise('approved')}`;
      },
      approve: async (ctx, word) => { await ctx.promise('approved').resolve(word); return word; },
      reject: async (ctx, word) => { await ctx.promise('approved').reject(word); },
      approve_again: async (ctx, word) => {
        try { await ctx.promise('approved').resolve(word); } catch (error) { return `${error.code} ${error.message}`; }
        return 'resolved';
      },
      peek: async (ctx) => (await ctx.promise('approved').peek()) ?? 'open',
      wait: async (ctx) => ctx.promise('approved').get(),
      name: shared(async (ctx) => [ctx.key, await ctx.get('name'), await ctx.stateKeys()]),
      empty: async (ctx) => { await ctx.promise('void').resolve(); return (await ctx.promise('void')) ?? 'nothing'; },
    },
  });
  const short = restate.workflow({ name: 'Short', options: { ...options, workflowRetention: { days: 2 } }, handlers: { run: async (ctx, n) => n, again: async () => 1 } });
  const starter = restate.service({
    name: 'Starter',
    options,
    handlers: {
      start: async (ctx, key) => {
        const sent = ctx.workflowSendClient({ name: 'Flow' }, key).run('sent');
        const id = await sent.invocationId;
        await ctx.workflowClient({ name: 'Flow' }, key).approve('ok');
        return [await ctx.attach(id), await ctx.workflowClient({ name: 'Flow' }, key).peek()];
      },
      start_twice: async (ctx, key) => {
        const first = await ctx.workflowClient({ name: 'Short' }, key).run(1);
        try { return [first, await ctx.workflowClient({ name: 'Short' }, key).run(2)]; } catch (error) { return [first, `${error.code} ${error.message}`]; }
      },
      send_twice: async (ctx, key) => {
        const first = ctx.workflowSendClient({ name: 'Short' }, key).run(1);
        const second = ctx.workflowSendClient({ name: 'Short' }, key).run(2);
        return [(await first.invocationId) === (await second.invocationId), await ctx.attach(await second.invocationId)];
      },
    },
  });
  return [flow, short, starter];
};
