// Several things that are waited for together.
module.exports = ({ restate, options, step }) => {
  const { RestatePromise, TerminalError } = restate;
  const fails = (ctx, name, ms = 0) => ctx.run(name, async () => { await new Promise((resolve) => { setTimeout(resolve, ms); }); throw new TerminalError(`${name} fails`, { errorCode: 444 }); });
  const combine = restate.service({
    name: 'Combine',
    options,
    handlers: {
      all: async (ctx) => RestatePromise.all([ctx.run('one', () => 1), ctx.sleep(1200).map(() => 'slept'), ctx.serviceClient({ name: 'Caller' }).slow('hi')]),
      all_fails: async (ctx) => RestatePromise.all([fails(ctx, 'first'), ctx.sleep(100000)]),
      all_empty: async () => RestatePromise.all([]),
      race: async (ctx) => RestatePromise.race([ctx.sleep(86400000).map(() => 'long'), ctx.sleep(1200).map(() => 'short')]),
      race_fails: async (ctx) => RestatePromise.race([ctx.sleep(86400000), fails(ctx, 'first')]),
      any: async (ctx) => RestatePromise.any([fails(ctx, 'first'), ctx.sleep(1200).map(() => 'second')]),
      any_fails: async (ctx) => {
        try { return await RestatePromise.any([fails(ctx, 'first'), fails(ctx, 'second', 1500)]); } catch (error) { return `${error.constructor.name} ${error.message}`; }
      },
      settled: async (ctx) => {
        const all = await RestatePromise.allSettled([ctx.run('one', () => 1), fails(ctx, 'second', 1500)]);
        return all.map((each) => [each.status, each.value ?? each.reason?.message]);
      },
      timeout: async (ctx) => {
        try { await ctx.awakeable().promise.orTimeout(30); } catch (error) { return `${error.constructor.name} ${error.code} ${error.message}`; }
        return 'none';
      },
      in_time: async (ctx) => ctx.serviceClient({ name: 'Caller' }).echo('quick').orTimeout(86400000),
      mapped: async (ctx) => [await ctx.run('one', () => 1).map((value) => value + 1), await fails(ctx, 'second').map((value, failure) => failure.message)],
      resolved: async (ctx) => [await RestatePromise.resolve(1), await RestatePromise.race([RestatePromise.resolve('at once'), ctx.sleep(86400000)]),
        await RestatePromise.reject(new TerminalError('rejected')).map((_, failure) => failure.message)],
      nested: async (ctx) => RestatePromise.all([RestatePromise.race([ctx.sleep(1200).map(() => 'a'), ctx.sleep(86400000)]), RestatePromise.any([fails(ctx, 'no'), ctx.run('yes', step('yes', 'b', 50))])]),
    },
  });
  return [combine];
};
