// What the tables of invocations show of one, column by column, in each state that lasts.
const tables = ['sys_invocation', 'sys_invocation_status', 'sys_invocation_state'];
// of each side something else, or of ours alone
const left = ['id', 'partition_key', 'trace_id', 'created_using_restate_version', 'last_failure_related_journal_index'];
// Returns its rows without what is null.
const shown = async (run, id) => Object.fromEntries(await Promise.all(tables.map(async (table) => {
  const [row] = await run.side.rows(`SELECT * FROM ${table} WHERE id = '${id}'`);
  return [table, row && Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== null && !left.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1)))];
})));
// Leaves out what the real server keeps in its memory alone.
const forgotten = ['last_attempt_deployment_id', 'last_attempt_server', 'last_start_at', 'last_failure', 'last_failure_error_code', 'retry_count', 'next_retry_at'];
const kept = ({ sys_invocation: row, sys_invocation_status: status }) => ({ sys_invocation: Object.fromEntries(Object.entries(row).filter(([name]) => !forgotten.includes(name))), sys_invocation_status: status });
// Shows one in the state that a function brings it to, and ends it.
const row = (name, begin, ...operations) => ({ name: `rows: ${name}`, run: async (run) => {
  const id = await begin(run);
  const told = [];
  for (const operation of operations) {
    told.push((await run.operate(id, operation)).status);
    await run.status(id, operation === 'pause' ? 'paused' : 'completed');
  }
  const rows = await shown(run, id);
  const { status } = rows.sys_invocation;
  told.push(['paused', 'suspended'].includes(status) ? kept(rows) : rows);
  if (status !== 'completed') await run.operate(id, 'kill');
  return told;
}, unwritten: true });
const in_state = (target, status, body) => async (run) => {
  const id = await run.submit(target(run), body);
  await run.status(id, status);
  return id;
};

const backs_off = in_state(() => '/Failures/backs_off', 'backing-off');
const step_fails = in_state(() => '/Failures/step_backs_off', 'backing-off');
const suspended = in_state(() => '/Failures/suspends', 'suspended');
const held = async (run) => {
  const id = await run.submit('/Steps/held', run.key());
  await run.waiting(id, 4);
  return id;
};
const answered = (target, body) => async (run) => (await run.send('POST', target(run), JSON.stringify(body), { 'content-type': 'application/json' })).headers['x-restate-id'];

export default [
  row('backing off', backs_off),
  row('backing off in a step', step_fails),
  row('backing off, then paused', backs_off, 'pause'),
  row('backing off, then killed', backs_off, 'kill'),
  row('backing off, then cancelled and killed', async (run) => { const id = await step_fails(run); await run.operate(id, 'cancel'); return id; }, 'kill'),
  row('suspended', suspended),
  row('suspended, then killed', suspended, 'kill'),
  row('suspended, then cancelled', suspended, 'cancel'),
  row('running', held),
  row('running, then killed', held, 'kill'),
  row('scheduled', in_state(() => '/Steps/sleeps?delay=3d', 'scheduled', 1)),
  row('pending', async (run) => {
    const first = await run.submit(`/Locks/${run.key()}/sleeps`);
    await run.waiting(first, 3);
    const id = await run.submit(`/Locks/${run.key()}/quick`);
    await run.status(id, 'pending');
    return id;
  }),
  row('completed', answered((run) => '/Steps/values')),
  row('completed with a failure', answered(() => '/Failures/code', 418)),
  row('completed after failures', async (run) => answered(() => '/Failures/recovers', run.key())(run)),
  row('completed, of a workflow', answered((run) => `/Short/${run.key()}/run`, 1)),
  row('completed, restarted', async (run) => {
    const id = await answered(() => '/Steps/large', 10)(run);
    const again = (await run.operate(id, 'restart-as-new', '?from=1')).body.new_invocation_id;
    await run.status(again, 'completed');
    return again;
  }),
  row('completed, its journal purged', async (run) => {
    const id = await answered(() => '/Steps/large', 10)(run);
    await run.operate(id, 'purge-journal');
    await run.side.until(async () => (await run.entries(id)).length === 0, 'its purge');
    return id;
  }),
  row('paused after its attempts', in_state(() => '/Failures/throws', 'paused')),
  row('paused, then resumed and killed', async (run) => { const id = await in_state(() => '/Failures/throws', 'paused')(run); await run.operate(id, 'resume'); return id; }, 'kill'),
  row('killed after its attempts', async (run) => { const id = await run.submit('/Failures/killed'); await run.status(id, 'completed'); return id; }),
  row('a callee', async (run) => {
    const id = await run.submit('/Caller/sleeps_for');
    await run.waiting(id, 3);
    const [callee] = await run.callees(id, 1);
    await run.operate(callee, 'kill');
    await run.status(callee, 'completed');
    return callee;
  }),
];
