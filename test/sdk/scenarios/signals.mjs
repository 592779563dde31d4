// Awakeables and signals: before, while and after they are waited for, and twice.
const resolve = (run, id, body, headers) => run.call(`/restate/awakeables/${id}/resolve`, body, headers);
// Asks, and answers when it is waited for.
const answered = (answer, handler = 'ask') => async (run) => {
  const id = await run.submit(`/Signals/${handler}`);
  const awakeable = await run.published(id);
  await run.waiting(id, 3);
  const told = await answer(run, awakeable);
  return [told, await run.result(id)];
};

export default [
  { name: 'an awakeable that is resolved', run: answered((run, id) => resolve(run, id, { a: 1 })) },
  { name: 'an awakeable that is resolved with nothing', run: answered((run, id) => resolve(run, id)) },
  { name: 'an awakeable that is rejected', run: answered((run, id) => run.call(`/restate/awakeables/${id}/reject`, 'not now', { 'content-type': 'text/plain' })) },
  { name: 'an awakeable by the short path', run: answered((run, id) => run.call(`/restate/a/${id}/resolve`, 1)) },
  { name: 'an awakeable of bytes', run: answered((run, id) => resolve(run, id, new Uint8Array([0, 255]), { 'content-type': 'application/octet-stream' }), 'ask_bytes') },
  { name: 'an awakeable that a handler resolves', run: answered((run, id) => run.call('/Signals/resolves', id)) },
  { name: 'an awakeable that a handler resolves with nothing', run: answered((run, id) => run.call('/Signals/resolves_empty', id)) },
  { name: 'an awakeable that a handler rejects', run: answered((run, id) => run.call('/Signals/rejects', id)) },
  { name: 'an awakeable that a handler rejects with a code', run: answered((run, id) => run.call('/Signals/rejects_with', id)) },
  { name: 'an awakeable that is resolved before it is waited for, twice', run: async (run) => {
    const id = await run.submit('/Signals/ask_late', run.key());
    const awakeable = await run.published(id);
    await run.waiting(id, 4);
    const first = await resolve(run, awakeable, 'one');
    const second = await resolve(run, awakeable, 'two');
    run.side.release(run.key());
    return [first, second, await run.result(id)];
  } },
  { name: 'an awakeable that is resolved after the end', run: async (run) => {
    const id = await run.submit('/Signals/ask');
    const awakeable = await run.published(id);
    await run.waiting(id, 3);
    const first = await resolve(run, awakeable, 'one');
    await run.result(id);
    return [first, await resolve(run, awakeable, 'late')];
  } },
  { name: 'two awakeables', run: async (run) => {
    const id = await run.submit('/Signals/ask_two');
    const [first, second] = await run.published(id);
    await run.waiting(id, 3);
    return [await resolve(run, first, 1), await resolve(run, second, 2), await run.result(id)];
  } },
  { name: 'malformed awakeables', run: async (run) => [await resolve(run, 'nonsense', 1), await resolve(run, 'sign_1abc', 1)] },
  { name: 'a signal', run: async (run) => {
    const id = await run.submit('/Signals/waits');
    await run.status(id, 'running', 'suspended');
    return [await run.call('/Signals/signals', id), await run.result(id)];
  } },
  { name: 'a signal that is rejected', run: async (run) => {
    const id = await run.submit('/Signals/waits');
    await run.status(id, 'running', 'suspended');
    return [await run.call('/Signals/signal_rejects', id), await run.result(id)];
  } },
];
