// Bodies, their types, and names.
const text = (type) => ({ 'content-type': type });
const row = (name, target, body, headers, due, method) => ({ name, call: [target, body, headers, method], due });

export default [
  row('text', '/Payloads/echo', 'ünï', {}, '200 "ünï"'),
  row('null', '/Payloads/echo', null, {}, '200 null'),
  row('a megabyte', '/Payloads/echo', 'x'.repeat(1000000), {}),
  row('no body', '/Payloads/echo', undefined, {}),
  row('no body where none is meant', '/Payloads/nothing', undefined, {}),
  row('an empty body with a type', '/Payloads/echo', '', text('application/json')),
  row('another type', '/Payloads/echo', 'a=b', text('application/x-www-form-urlencoded')),
  row('a type with a charset', '/Payloads/echo', '1', text('application/json; charset=utf-8')),
  row('JSON that is none', '/Payloads/echo', '{', text('application/json')),
  row('bytes', '/Payloads/bytes', new Uint8Array([0, 1, 255]), text('application/octet-stream')),
  row('bytes that are called JSON', '/Payloads/bytes', '1', text('application/json')),
  row('no bytes', '/Payloads/bytes', undefined, {}),
  row('an empty body', '/Payloads/empty', undefined, {}),
  row('a body where none is allowed', '/Payloads/empty', '1', text('application/json')),
  row('an empty body is answered', '/Payloads/nothing', undefined, {}, '200 '),
  row('an empty answer with a type', '/Payloads/empty_typed', undefined, {}),
  row('a family of types', '/Payloads/accepts', 'abc', text('text/plain'), '200 3'),
  row('not of the family', '/Payloads/accepts', 'abc', text('application/json')),
  row('a serde of its own', '/Payloads/custom', 'ABC', text('text/x-upper'), '200 ABC'),
  row('a serde of its own in a call', '/Payloads/calls_custom', 'abc', {}, '200 "abc"'),
  row('an answer that is null', '/Payloads/null', undefined, {}, '200 null'),
  row('headers', '/Payloads/headers', undefined, { 'X-Own-B': '2', 'x-own-a': '1 ü', 'x-own-empty': '' }),
  row('an odd name', '/Payloads/_odd_Name9', undefined, {}, '200 "odd"'),
  row('an escaped name', '/Payloads/%5Fodd%5FName9', undefined, {}),
  row('a service with dots', '/Dotted.Name_1-x/go', undefined, {}, '200 "gone"'),
  row('GET', '/Payloads/nothing', undefined, {}, undefined, 'GET'),
  row('PUT', '/Payloads/nothing', undefined, {}, undefined, 'PUT'),
  row('OPTIONS', '/Payloads/nothing', undefined, { 'access-control-request-method': 'POST' }, undefined, 'OPTIONS'),
  row('an unknown service', '/Nobody/nothing', undefined, {}),
  row('an unknown handler', '/Payloads/nobody', undefined, {}),
  row('a path of one part', '/Payloads', undefined, {}),
  row('a path of four parts', '/Counter/a/b/c', undefined, {}),
  row('a private service', '/Hidden/see', undefined, {}),
  row('a private handler', '/Seeker/part', undefined, {}),
  row('a private service in a call', '/Seeker/look', undefined, {}, '200 "seen"'),
  row('a journal that is not kept', '/Seeker/unkept', undefined, {}, '200 "unkept"'),
  { name: 'an idempotent call of short retention', run: (run) => run.call('/Seeker/briefly', undefined, { 'idempotency-key': run.key() }) },
  { name: 'fifty requests of one idempotency key', run: async (run) => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => run.call(`/Counter/${run.key()}/slow_add`, 1, { 'idempotency-key': run.key() })));
    return [new Set(answers.map((each) => `${each.status} ${each.body}`)).size, answers[0].body, run.side.steps_done(`slow ${run.key()}`).length];
  }, due: [1, '1', 2] },
  { name: 'an idempotent call, attached to', run: async (run) => {
    const key = run.key();
    const first = await run.call('/Payloads/echo', 1, { 'idempotency-key': key });
    const again = await run.call('/Payloads/echo', 2, { 'idempotency-key': key });
    const at = `/restate/invocation/Payloads/echo/${key}`;
    const sent = await run.call('/Payloads/echo/send', 2, { 'idempotency-key': key });
    return [first, again, await run.get(`${at}/attach`), await run.get(`${at}/output`), sent];
  } },
  { name: 'a delayed send', run: async (run) => {
    const id = await run.submit('/Payloads/echo?delay=150ms', 1);
    return run.result(id);
  }, due: '200 1' },
  { name: 'delays that are none', run: async (run) => {
    const told = [];
    for (const delay of ['1', 'x', '', '-1s', 'PT', '1d 2h']) told.push((await run.call(`/Payloads/echo/send?delay=${encodeURIComponent(delay)}`, 1)).status);
    return told;
  }, unwritten: true },
  { name: 'results of ids that are none', run: async (run) => [(await run.get('/restate/invocation/inv_1/attach')).status, (await run.get('/restate/invocation/nonsense/output')).status, (await run.get('/restate/invocation/inv_1gWCuHmkRXDU5FIPUDrJ5xnSJWSZ6lzVTz/attach')).status] },
];
