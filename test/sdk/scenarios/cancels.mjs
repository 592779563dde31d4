// What is cancelled wherever a handler can wait: how many entries it has by then, and callees.
const handlers = {
  in_attach: [4, 1], in_signal: [3, 0], in_race: [2, 0], in_all: [5, 2], in_any: [2, 0], in_settled: [2, 0], in_timeout: [2, 0], in_map: [2, 0], in_call_id: [3, 1], undoes: [2, 0],
  explicit_calls: [3, 1],
};
// Cancels one when it waits.
const cancelled = async (run, target, size, count = 0) => {
  const id = await run.submit(target);
  await run.waiting(id, size);
  const callees = await run.callees(id, count);
  const told = [(await run.operate(id, 'cancel')).status, await run.result(id)];
  return { told, callees };
};

export default [
  ...Object.entries(handlers).map(([handler, [size, count]]) => ({ name: `cancelled ${handler}`, run: async (run) => {
    const { told, callees } = await cancelled(run, `/Cancels/${handler}`, size, count);
    for (const id of callees) {
      // whom it only sends to goes on
      if (handler === 'in_attach') await run.operate(id, 'kill');
      await run.status(id, 'completed');
    }
    return told;
  } })),
  { name: 'cancelled, and once more', run: async (run) => {
    const id = await run.submit('/Cancels/twice');
    await run.waiting(id, 2);
    await run.operate(id, 'cancel');
    await run.waiting(id, 6);
    return [(await run.operate(id, 'cancel')).status, await run.result(id)];
  } },
  { name: 'cancelled where it asks for it, and once more', run: async (run) => {
    const id = await run.submit('/Cancels/explicit_twice');
    await run.waiting(id, 3);
    await run.operate(id, 'cancel');
    await run.waiting(id, 7);
    return [(await run.operate(id, 'cancel')).status, await run.result(id)];
  } },
  { name: 'cancelled by itself', call: ['/Cancels/itself'], unwritten: true },
  { name: 'a failure that is attached to', call: ['/Cancels/attaches_failed'], unwritten: true },
  { name: 'what has ended is cancelled', call: ['/Cancels/cancels_ended'], unwritten: true },
  { name: 'a cancelled one is attached to', call: ['/Cancels/attaches_cancelled'], unwritten: true },
  { name: 'a workflow is cancelled', run: async (run) => {
    const at = `/Waits/${run.key()}`;
    const { told } = await cancelled(run, `${at}/run`, 3);
    return [...told, await run.call(`${at}/state`), await run.call(`${at}/resolve`, 'late'), await run.get(`/restate/workflow/Waits/${run.key()}/attach`)];
  } },
  { name: 'a workflow is killed', run: async (run) => {
    const at = `/Waits/${run.key()}`;
    const id = await run.submit(`${at}/run`);
    await run.waiting(id, 3);
    const killed = await run.operate(id, 'kill');
    await run.status(id, 'completed');
    const attached = await run.get(`/restate/workflow/Waits/${run.key()}/attach`);
    const purged = await run.operate(id, 'purge');
    await run.side.until(async () => !(await run.row(id)), 'its end');
    const again = await run.send('POST', `${at}/run/send`);
    await run.waiting(id, 3);
    await run.call(`${at}/resolve`, 'now');
    return [killed.status, attached, purged.status, JSON.parse(again.body).status, await run.result(id)];
  } },
  { name: 'an object that calls itself', run: async (run) => {
    const id = await run.submit(`/Locks/${run.key()}/calls_itself`);
    await run.waiting(id, 3);
    const told = [(await run.operate(id, 'cancel')).status, await run.result(id)];
    return [...told, (await run.call(`/Locks/${run.key()}/quick`)).body];
  }, unwritten: true },
  { name: 'the next of an object begins when one is killed', run: async (run) => {
    const id = await run.submit(`/Locks/${run.key()}/sleeps`);
    await run.waiting(id, 3);
    const next = await run.submit(`/Locks/${run.key()}/quick`);
    const third = await run.submit(`/Locks/${run.key()}/quick`);
    const told = [(await run.row(next)).status, (await run.operate(third, 'cancel')).status, (await run.operate(id, 'kill')).status];
    return [...told, await run.result(next), (await run.result(third)).status, (await run.result(id)).status];
  } },
];
