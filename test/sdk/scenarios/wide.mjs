// Much of it.
const wide = (handler, body) => [`/Wide/${handler}`, body];
const bytes = { 'content-type': 'application/octet-stream' };
const MiB = 1048576;
const short = ({ status, headers, body }) => [status, headers['content-type'] ?? null, body.length > 200 ? body.length : `${body}`];

export default [
  { name: 'a thousand calls at once', isLong: true, call: wide('calls', 1000), due: '200 499500', unwritten: true },
  { name: 'three hundred steps at once', call: wide('steps_at_once', 300), due: '200 44850', unwritten: true },
  { name: 'three hundred sleeps at once', call: wide('sleeps_at_once', 300), due: '200 300', unwritten: true },
  { name: 'a chain of a hundred', isLong: true, call: wide('deep', 100), due: '200 100', unwritten: true },
  { name: 'a thousand sends', isLong: true, run: async (run) => {
    const answer = await run.call('/Wide/sends', { n: 1000, key: run.key() });
    await run.side.until(async () => (await run.call(`/Counter/${run.key()}/total`)).body === '1000', 'their sum', 80);
    return answer;
  }, due: '200 ', unwritten: true },
  ...[1, 30].flatMap((n) => [
    { name: `a body of ${n} MiB`, run: async (run) => short(await run.send('POST', '/Wide/size', new Uint8Array(n * MiB), bytes)) },
    { name: `an awakeable of ${n} MiB`, run: async (run) => {
      const id = await run.submit('/Wide/large_awakeable');
      const awakeable = await run.published(id);
      const told = await run.send('POST', `/restate/awakeables/${awakeable}/resolve`, new Uint8Array(n * MiB), bytes);
      return [told.status, await run.result(id)];
    } },
    ...['large', 'large_step', 'large_call', 'large_answer'].map((handler) => ({ name: `${handler} of ${n} MiB`, run: async (run) => {
      const id = await run.submit(`/Wide/${handler}`, n * MiB);
      return short(await run.send('GET', `/restate/invocation/${id}/attach`));
    } })),
  ]).map((row) => ({ ...row, isLong: true, alone: true, unwritten: true })),
  { name: 'an answer that is too large', isLong: true, alone: true, run: async (run) => {
    const id = await run.submit('/Wide/large', 33 * MiB);
    const row = await run.status(id, 'backing-off');
    await run.operate(id, 'kill');
    return row.last_failure_error_code;
  }, due: 'RT0003', unwritten: true },
  { name: 'a long journal, restarted from within', isLong: true, run: async (run) => {
    const answer = await run.send('POST', '/Wide/long', '1500', { 'content-type': 'application/json' });
    const id = answer.headers['x-restate-id'];
    const told = [`${answer.body}`];
    for (const from of [0, 1500, 3001]) {
      const again = await run.operate(id, 'restart-as-new', `?from=${from}`);
      told.push(again.status, (await run.result(again.body.new_invocation_id)).body, (await run.row(again.body.new_invocation_id)).journal_size);
    }
    return told;
  }, unwritten: true },
];
