// Workflows: their promises, and that each runs once.
const path = (run, rest) => `/Flow/${run.key()}/${rest}`;
const at = (run, rest) => `/restate/workflow/Flow/${run.key()}/${rest}`;

export default [
  { name: 'a promise that is waited for', run: async (run) => {
    const id = await run.submit(path(run, 'run'), 'Ada');
    await run.waiting(id, 3);
    const open = await run.call(path(run, 'peek'));
    return [open, await run.call(path(run, 'approve'), 'yes'), await run.result(id), await run.call(path(run, 'peek')), await run.call(path(run, 'name'))];
  } },
  { name: 'a promise that is resolved first', run: async (run) => [await run.call(path(run, 'approve'), 'early'), await run.call(path(run, 'run'), 'Ada'), await run.call(path(run, 'wait'))] },
  { name: 'a promise that is resolved twice', run: async (run) => [await run.call(path(run, 'approve'), 'one'), await run.call(path(run, 'approve'), 'two'), await run.call(path(run, 'approve_again'), 'three'), await run.call(path(run, 'peek'))] },
  { name: 'a promise that is rejected', run: async (run) => {
    const id = await run.submit(path(run, 'run'), 'Ada');
    await run.waiting(id, 3);
    return [await run.call(path(run, 'reject'), 'no'), await run.result(id), await run.call(path(run, 'peek'))];
  } },
  { name: 'a promise of nothing', run: (run) => run.call(path(run, 'empty')) },
  { name: 'a workflow runs once', run: async (run) => {
    await run.call(path(run, 'approve'), 'ok');
    const first = await run.call(path(run, 'run'), 'Ada');
    const second = await run.call(path(run, 'run'), 'Bob');
    const sent = await run.call(path(run, 'run/send'), 'Cy');
    return [first, second, sent, await run.get(at(run, 'attach')), await run.get(at(run, 'output'))];
  } },
  { name: 'the output of a workflow that runs', run: async (run) => {
    const id = await run.submit(path(run, 'run'), 'Ada');
    await run.waiting(id, 3);
    const early = await run.get(at(run, 'output'));
    await run.call(path(run, 'approve'), 'ok');
    return [early.status, (await run.get(at(run, 'attach'))).body];
  } },
  { name: 'a workflow that is not there', run: async (run) => [(await run.get(at(run, 'output'))).status, (await run.get(at(run, 'attach'))).status] },
  { name: 'a workflow from a handler', run: (run) => run.call('/Starter/start', run.key()) },
  { name: 'a workflow from a handler, twice', run: (run) => run.call('/Starter/start_twice', run.key()) },
  { name: 'a workflow that a handler sends twice', run: (run) => run.call('/Starter/send_twice', run.key()), due: '200 [true,1]' },
];
