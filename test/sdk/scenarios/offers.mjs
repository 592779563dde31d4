// What else the SDK offers.
const unknown = 'inv_1gWCuHmkRXDU5FIPUDrJ5xnSJWSZ6lzVTz';
const plain = (handler, body) => [`/Offers/${handler}`, body];
const row = (handler, due, more) => ({ name: `offers ${handler}`, call: plain(handler), due, ...more });
// Runs what cannot succeed until it has failed once, and ends it.
const failing = (handler) => ({ name: `offers ${handler}`, run: async (run) => {
  const id = await run.submit(`/Offers/${handler}`);
  const { status, last_failure_error_code: code, last_failure: failure, completion_failure: end } = await run.side.until(async () => { const each = await run.row(id); return (each?.last_failure || each?.status === 'completed') && each; }, 'a failure');
  if (status !== 'completed') await run.operate(id, 'kill');
  await run.status(id, 'completed');
  return [status === 'completed', code ?? null, failure?.split('\n')[0] ?? null, end ?? null];
}, without: ['retry_count'] });

export default [
  { name: 'offers request', call: ['/Offers/request', undefined, { 'x-own': '1' }] },
  { name: 'offers request with a key', run: (run) => run.call('/Offers/request', undefined, { 'idempotency-key': run.key() }) },
  ...['run_serdes', 'call_serdes', 'awakes', 'rejects_itself', 'signals_ended', 'hooked', 'run_metadata', 'call_metadata', 'gives_up_at_once', 'uses_console'].map((handler) => row(handler)),
  { name: 'offers random', call: plain('random'), hide: /0\.[0-9]+/g },
  ...['signals_itself', 'signals_scheduled', 'any_of', 'times_out'].map((handler) => row(handler, undefined, { unwritten: true })),
  { name: 'offers never_awaits', call: plain('never_awaits'), unwritten: true },
  { name: 'offers signals_none', call: plain('signals_none', unknown) },
  { name: 'offers retries_slowly', run: (run) => run.call('/Offers/retries_slowly', run.key()), without: [] },
  { name: 'offers retry_after', run: (run) => run.call('/Offers/retry_after', run.key()) },
  ...['scoped', 'limited', 'pauses', 'pauses_in_step', 'rejected', 'throws_text'].map(failing),
  { name: 'offers slow', run: async (run) => { const id = await run.submit('/Offers/slow', run.key()); const { completion_result: end } = await run.status(id, 'completed'); const { status } = await run.result(id); return [end, status, (await run.side.rows(`SELECT event_json FROM sys_journal_events WHERE id = '${id}'`)).map((each) => JSON.parse(each.event_json).restate_doc_error_code)]; }, unwritten: true },
  { name: 'offers slow_enough', run: (run) => run.call('/Offers/slow_enough', run.key()) },
  { name: 'offers killed_at_once', call: plain('killed_at_once'), without: ['retry_count', 'events'] },
  { name: 'offers reverses', call: ['/Offers/reverses', '}1:"a"{', { 'content-type': 'application/x-reversed' }] },
  { name: 'offers reverses of another type', call: ['/Offers/reverses', '1', { 'content-type': 'application/json' }] },
  { name: 'offers Typed', run: async (run) => {
    const at = `/Typed/${run.key()}`;
    return [await run.call(`${at}/put`, '}1:"a"{', { 'content-type': 'application/x-reversed' }), await run.call(`${at}/read`), await run.call(`${at}/clears`), await run.call(`${at}/read`)];
  } },
  { name: 'offers a signal before it runs', run: async (run) => {
    const id = await run.submit('/Offers/waits_signal?delay=1500ms');
    const told = await run.call('/Signals/signals', id);
    return [told.status, await run.result(id)];
  }, unwritten: true },
  { name: 'offers a signal that is rejected with a code', run: async (run) => {
    const id = await run.submit('/Offers/waits_signal');
    await run.waiting(id, 2);
    const told = await run.call('/Offers/rejects_signal', id);
    return [told.status, await run.result(id)];
  }, unwritten: true },
];
