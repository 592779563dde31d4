// Steps, and what a service is killed in.
const steps = (handler, body) => [`/Steps/${handler}`, body];

export default [
  { name: 'three steps, a sleep and a call', run: async (run) => (await run.call('/Steps/greet', run.key())).body.endsWith(' A 3"'), due: true },
  { name: 'values of steps', call: steps('values'), due: '200 ["text","",0,null,"undefined",true,[1,[2]],{"a":{"b":null}},"ünï 😀",1.5e+300]' },
  { name: 'names of steps', call: steps('unnamed'), due: '200 [1,2,3]' },
  { name: 'a step of bytes', call: steps('binary'), due: '200 [0,1,254,255]' },
  { name: 'a step of a megabyte', call: steps('large', 1000000), due: '200 1000000' },
  { name: 'fifty steps', call: steps('many', 50), due: '200 1225' },
  { name: 'steps at once', call: steps('parallel'), due: '200 [1,2]' },
  { name: 'a step that fails for good', call: steps('swallowed'), due: '200 "418 no"' },
  { name: 'random values stay', call: steps('random'), due: '200 true', hide: /0\.[0-9]+|[0-9a-f]{8}(-[0-9a-f]+){4}/g },
  { name: 'dates', call: steps('dates'), due: '200 true', hide: /1[0-9]{12}|[0-9-]+T[0-9:.]+Z/g },
  { name: 'a step that is given up after three times', call: steps('gives_up'), due: '500 {"code":500,"message":"boom"}' },
  { name: 'a step that is given up after a time', call: steps('gives_up_late'), due: '500 {"code":500,"message":"too long"}', without: ['events', 'retry_count'] },
  { name: 'a step that fails twice', run: (run) => run.call('/Steps/recovers', run.key()), due: '200 3' },
  { name: 'a short sleep', call: steps('sleeps', 40), due: '200 "slept"' },
  { name: 'sleeps of nothing and almost nothing', call: steps('naps'), due: '200 "awake"' },
  {
    name: 'a sleep of thirty days',
    run: async (run) => {
      const id = await run.submit('/Steps/sleeps', 30 * 86400000);
      await run.waiting(id, 2);
      const due = JSON.parse((await run.entries(id))[1].entry_json).Command.Sleep.wake_up_time;
      await run.operate(id, 'kill');
      await run.status(id, 'completed');
      return Math.round((due - Date.now()) / 86400000);
    },
    due: 30,
    without: ['pinned_service_protocol_version'],
  },
  {
    name: 'a name that cannot be stored',
    departs: 'JSON in PostgreSQL has no U+0000, so it is refused in words',
    run: async (run) => {
      const id = await run.submit('/Steps/nul');
      const row = await run.status(id, 'backing-off', 'completed', 'paused');
      await run.operate(id, 'kill');
      return [row.status, row.last_failure_error_code];
    },
    due: ['backing-off', 'RT0012'],
    unwritten: true,
  },
  {
    name: 'the service is killed in each step',
    alone: true,
    run: async (run) => {
      const name = run.key();
      const id = await run.submit('/Steps/hung', name);
      for (let i = 1; i <= 3; i += 1) {
        await run.side.step(`begin ${name}${i}`);
        await run.side.kill();
        await run.side.start();
      }
      return [await run.result(id), run.side.steps_done(`${name}1`).length, run.side.steps_done(`${name}3`).length];
    },
    without: ['events', 'retry_count'],
  },
  {
    name: 'the service is killed before its first answer',
    alone: true,
    run: async (run) => {
      await run.side.kill();
      const id = await run.submit('/Payloads/echo', 'back');
      const row = await run.side.until(async () => { const each = await run.row(id); return each?.last_failure_error_code && each.status === 'backing-off' && each; }, 'a failure');
      await run.side.start();
      return [row.status, row.last_failure_error_code, await run.result(id)];
    },
    without: ['events', 'retry_count'],
  },
  { name: 'ten thousand entries', isLong: true, call: steps('many', 5000), due: '200 12497500', unwritten: true },
];
