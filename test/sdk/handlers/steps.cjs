// Steps: what they return, how they fail, and what else is kept in a journal.
module.exports = ({ restate, options, step, held, hung, count }) => {
  const steps = restate.service({
    name: 'Steps',
    options,
    handlers: {
      greet: async (ctx, name) => {
        const a = await ctx.run('one', step(`one ${name}`, 'A'));
        await ctx.run('two', step(`two ${name}`, { b: 1 }));
        const c = await ctx.run('three', step(`three ${name}`, 3));
        await ctx.sleep(30, 'nap');
        return `${name} ${a} ${await ctx.objectClient({ name: 'Counter' }, name).add(c)}`;
      },
      values: async (ctx) => {
        const values = [];
        for (const value of ['text', '', 0, null, undefined, true, [1, [2]], { a: { b: null } }, 'ünï \u{1F600}', 1.5e300]) {
          values.push(await ctx.run('value', () => value));
        }
        return values.map((value) => (value === undefined ? 'undefined' : value));
      },
      unnamed: async (ctx) => [await ctx.run(() => 1), await ctx.run('', () => 2), await ctx.run('a b/c "d" \u00e9', () => 3)],
      binary: async (ctx) => {
        const bytes = await ctx.run('bytes', () => new Uint8Array([0, 1, 254, 255]), { serde: restate.serde.binary });
        return Array.from(bytes);
      },
      large: async (ctx, size) => {
        const text = await ctx.run('large', () => 'x'.repeat(size));
        await ctx.sleep(1);
        return text.length;
      },
      many: async (ctx, n) => {
        let sum = 0;
        for (let i = 0; i < n; i += 1) sum += await ctx.run(`s${i}`, () => i);
        return sum;
      },
      hung: async (ctx, name) => {
        let sum = 0;
        for (let i = 1; i <= 3; i += 1) sum += await ctx.run(`c${i}`, hung(`${name}${i}`, i));
        return sum;
      },
      held: async (ctx, name) => [await ctx.run('first', () => 1), await ctx.run('held', held(name, 2)), await ctx.run('last', () => 3)],
      // what it waits for behind the step it is paused in comes when the scenario says so
      held_asks: async (ctx, name) => {
        const { id, promise } = ctx.awakeable();
        return [(await ctx.run('first', () => id)).length, await ctx.run('held', held(name, 2)), await promise];
      },
      // the second of them ends first
      parallel: async (ctx) => {
        const slow = ctx.run('slow', step('slow', 1, 600));
        const fast = ctx.run('fast', step('fast', 2));
        return [await slow, await fast];
      },
      swallowed: async (ctx) => {
        try {
          await ctx.run('fails', () => { throw new restate.TerminalError('no', { errorCode: 418 }); });
        } catch (error) {
          return `${error.code} ${error.message}`;
        }
        return 'none';
      },
      random: async (ctx) => {
        const first = [ctx.rand.random(), ctx.rand.uuidv4()];
        await ctx.sleep(1);
        const again = await ctx.run('first', () => first);
        return first[0] === again[0] && first[1] === again[1] && /^[0-9a-f-]{36}$/.test(first[1]);
      },
      dates: async (ctx) => {
        const now = await ctx.date.now();
        const text = await ctx.date.toJSON();
        return Math.abs(Date.now() - now) < 60000 && Math.abs(Date.now() - Date.parse(text)) < 60000;
      },
      gives_up: (ctx) => ctx.run('boom', async () => { await step('boom')(); throw new Error('boom'); }, { initialRetryInterval: 1, maxRetryAttempts: 3 }),
      gives_up_late: (ctx) => ctx.run('boom', () => { throw new Error('too long'); }, { initialRetryInterval: 20, maxRetryDuration: 60 }),
      recovers: (ctx, name) => ctx.run('third time', () => {
        const times = count(name);
        if (times < 3) throw new Error(`time ${times}`);
        return times;
      }, { initialRetryInterval: 5, retryIntervalFactor: 1 }),
      sleeps: async (ctx, ms) => { await ctx.sleep(ms); return 'slept'; },
      naps: async (ctx) => {
        await ctx.sleep(0, 'none');
        await ctx.sleep(1, 'one');
        await ctx.sleep({ milliseconds: 2 }, 'two');
        return 'awake';
      },
      nul: async (ctx) => { await ctx.run('a\0b', () => 1); },
    },
  });
  return [steps];
};
