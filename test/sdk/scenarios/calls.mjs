// Calls, sends and ids.
const caller = (handler, body) => [`/Caller/${handler}`, body];
const unknown = 'inv_1gWCuHmkRXDU5FIPUDrJ5xnSJWSZ6lzVTz';
const all = (results) => results.map((each) => `${each.status} ${each.body}`);
// Runs what cannot succeed until it has failed once, and ends it.
const failing = (target) => async (run) => {
  const id = await run.submit(target);
  const row = await run.side.until(async () => { const each = await run.row(id); return each?.last_failure && each; }, 'a failure');
  await run.operate(id, 'kill');
  await run.status(id, 'completed');
  return row.last_failure_error_code;
};

export default [
  { name: 'a call with headers', call: caller('call'), due: '200 ["hi",true]' },
  { name: 'headers reach the callee', call: caller('call_headers'), due: '200 {"x-own":"1"}' },
  { name: 'a failure', call: caller('refuse'), due: '409 {"code":409,"message":"no way","metadata":{"a":"b","c":"d"}}' },
  // the real server does not always hand on what is beside it
  { name: 'a failure through two levels', run: async (run) => (await run.call('/Caller/relay_twice')).body.replace(/,"metadata":{[^}]*}/, ''), due: '{"code":409,"message":"no way"}', unwritten: true },
  { name: 'a call of an object', run: (run) => run.call('/Caller/call_key', `${run.key()} /ü`) },
  { name: 'a call with an idempotency key, twice', run: (run) => run.call('/Caller/call_once', run.key()), due: '200 [1,1]' },
  { name: 'a call with an idempotency key from two callers', run: async (run) => all(await Promise.all([1, 2].map(() => run.call('/Caller/call_slow_once', run.key())))).map((each) => each.startsWith('200 "')), due: [true, true], unwritten: true },
  { name: 'a send that is attached to', run: (run) => run.call('/Caller/send', run.key()), due: '200 [5,5]' },
  { name: 'sends that nobody waits for', run: async (run) => {
    const answer = await run.call('/Caller/send_only', run.key());
    await run.side.until(async () => (await run.call(`/Counter/${run.key()}/total`)).body === '3', 'their sum');
    return answer;
  }, due: '200 ', unwritten: true },
  { name: 'a send with a delay', run: (run) => run.call('/Caller/send_later', run.key('-x')), due: '200 7' },
  { name: 'a send for next year is cancelled', run: async (run) => {
    const id = JSON.parse((await run.call('/Caller/send_far', run.key())).body);
    const before = (await run.row(id)).status;
    const cancelled = await run.operate(id, 'cancel');
    return [before, cancelled.status, await run.gone(id)];
  }, due: ['scheduled', 200, true], without: [] },
  { name: 'generic calls and sends', run: (run) => run.call('/Caller/generic', run.key()), due: '200 ["4",{"a":1},5]' },
  { name: 'a call is cancelled by its caller', call: caller('cancels'), due: '200 "409 Cancelled"' },
  { name: 'a send is cancelled by its caller', run: (run) => run.call('/Caller/cancels_sent', run.key()) },
  { name: 'an unknown id is attached to', call: caller('attach_unknown', unknown), unwritten: false },
  { name: 'an unknown id is cancelled', call: caller('cancel_unknown', unknown), due: '200 "sent"' },
  { name: 'a malformed id is attached to', run: failing('/Caller/attach_malformed') },
  { name: 'a chain of five', call: caller('nested', 5), due: '200 5' },
  { name: 'ten calls at once', call: caller('fan', 10), due: '200 [0,1,2,3,4,5,6,7,8,9]', unwritten: true },
  { name: 'a call with a name', call: caller('named'), due: '200 1' },
  { name: 'a call of an unknown service', run: failing('/Caller/no_service') },
  { name: 'a call of an unknown handler', run: failing('/Caller/no_handler') },
  { name: 'a call of an object without its key', run: (run) => run.call('/Caller/no_key') },
  { name: 'a call of a service with a key', run: async (run) => {
    const id = await run.submit('/Caller/a_key');
    const row = await run.side.until(async () => { const each = await run.row(id); return (each?.last_failure || each?.status === 'completed') && each; }, 'an end');
    if (row.status !== 'completed') await run.operate(id, 'kill');
    await run.status(id, 'completed');
    return row.last_failure_error_code ?? null;
  } },
  { name: 'a caller is killed with its callee', run: async (run) => {
    const id = await run.submit('/Caller/sleeps_for');
    await run.waiting(id, 3);
    const [callee] = await run.callees(id, 1);
    const killed = await run.operate(id, 'kill');
    await run.status(id, 'completed');
    return [killed.status, await run.result(id), (await run.status(callee, 'completed')).completion_failure];
  } },
  { name: 'a caller is cancelled with its callee', run: async (run) => {
    const id = await run.submit('/Caller/sleeps_for');
    await run.waiting(id, 3);
    const [callee] = await run.callees(id, 1);
    const told = [(await run.operate(id, 'cancel')).status, await run.result(id)];
    await run.status(callee, 'completed');
    return told;
  } },
  { name: 'what was only sent is not cancelled', run: async (run) => {
    const id = await run.submit('/Caller/sends_sleep');
    await run.waiting(id, 4);
    const [callee] = await run.callees(id, 1);
    const told = [(await run.operate(id, 'cancel')).status, await run.result(id), ['suspended', 'running'].includes((await run.row(callee)).status)];
    await run.operate(callee, 'kill');
    await run.status(callee, 'completed');
    return told;
  } },
];
