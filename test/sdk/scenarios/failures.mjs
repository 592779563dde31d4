// Failures, and what operators do about them.
const failures = (handler, body) => [`/Failures/${handler}`, body];
const all = (results) => results.map((each) => `${each.status} ${each.body}`);
// Cancels a handler when it waits.
const cancelled = (handler, size, body) => async (run) => {
  const id = await run.submit(handler, body);
  await run.waiting(id, size);
  return [(await run.operate(id, 'cancel')).status, await run.result(id)];
};

export default [
  ...[400, 404, 409, 418, 429, 499, 500, 503, 599, 600, 1000, 99, 0].map((code) => ({ name: `a failure of code ${code}`, call: failures('code', code) })),
  { name: 'a failure of no code', call: failures('terminal'), due: '500 {"code":500,"message":"plain terminal"}' },
  { name: 'a failure of no words', call: failures('empty') },
  { name: 'a failure of odd words', call: failures('odd') },
  { name: 'an error that is made a failure', call: failures('converts'), due: '416 {"code":416,"message":"range"}' },
  { name: 'a handler that is paused, resumed, and ends', run: async (run) => {
    const id = await run.submit('/Failures/throws_once_more', run.key());
    await run.status(id, 'paused');
    const resumed = await run.operate(id, 'resume');
    return [resumed.status, await run.result(id)];
  } },
  { name: 'a handler that is paused after its attempts', run: async (run) => {
    const id = await run.submit('/Failures/throws');
    await run.status(id, 'paused');
    // the real server has not kept it in the row, but in an event
    const written = await run.written(['last_failure', 'last_failure_error_code', 'retry_count', 'last_attempt_server']);
    await run.operate(id, 'kill');
    return written;
  }, unwritten: true },
  { name: 'a handler that backs off', run: async (run) => {
    const id = await run.submit('/Failures/backs_off');
    await run.status(id, 'backing-off');
    const written = await run.written();
    await run.operate(id, 'kill');
    return written;
  }, unwritten: true },
  ...['/Failures/backs_off', '/Steps/held_asks', '/Steps/sleeps'].map((handler) => ({ name: `paused, ${handler}`, run: async (run) => {
    const id = await run.submit(handler, handler === '/Steps/held_asks' ? run.key() : 1000000);
    await run.side.until(async () => (await run.row(id)).journal_size >= (handler === '/Steps/held_asks' ? 4 : 2), 'its begin');
    if (handler === '/Failures/backs_off') await run.status(id, 'backing-off');
    else if (handler === '/Steps/sleeps') await run.status(id, run.side.isHalf ? 'suspended' : 'running');
    const told = (await run.operate(id, 'pause')).status;
    run.side.release(run.key());
    await run.status(id, 'paused', 'suspended');
    const written = await run.written(['last_failure', 'last_failure_error_code', 'retry_count', 'last_attempt_server', 'suspended_waiting_for_completions', 'suspended_waiting_for_signals']);
    await run.operate(id, 'kill');
    return [told, written];
  }, unwritten: true })),
  { name: 'a handler that is killed after its attempts', call: failures('killed'), without: ['retry_count'] },
  { name: 'its caller is told', call: failures('calls_killed'), without: ['retry_count'] },
  { name: 'a handler that fails three times', run: (run) => run.call('/Failures/recovers', run.key()), due: '200 4' },
  { name: 'a handler that says when it is tried again', run: (run) => run.call('/Failures/retryable', run.key()), due: '200 3' },
  { name: 'cancelled in a sleep', run: cancelled('/Steps/sleeps', 2, 86400000) },
  { name: 'cancelled in a call', run: async (run) => {
    const id = await run.submit('/Caller/sleeps_for');
    const [callee] = await run.callees(id, 1);
    const told = [(await run.operate(id, 'cancel')).status, await run.result(id)];
    await run.status(callee, 'completed');
    return told;
  } },
  { name: 'cancelled waiting for an awakeable', run: cancelled('/Signals/ask', 3) },
  { name: 'cancelled, and tidies up', run: cancelled('/Failures/catches', 2) },
  { name: 'cancelled where it asks for it', run: cancelled('/Failures/explicit', 4) },
  { name: 'cancelled in a step', run: async (run) => {
    const id = await run.submit('/Failures/cancelled_in_run', run.key());
    await run.waiting(id, 2);
    const cancelled = await run.operate(id, 'cancel');
    // the cancel comes while the step still runs, where anything can come then
    if (run.side.isHalf) await run.waiting(id, 3);
    else await run.status(id, 'completed');
    run.side.release(run.key());
    return [cancelled.status, await run.result(id)];
  } },
  { name: 'cancelled while it backs off', run: async (run) => {
    const id = await run.submit('/Failures/backs_off');
    await run.status(id, 'backing-off');
    const told = [(await run.operate(id, 'cancel')).status, (await run.row(id)).status];
    await run.operate(id, 'kill');
    await run.status(id, 'completed');
    return told;
  } },
  { name: 'resumed while it backs off', run: async (run) => {
    const id = await run.submit('/Failures/backs_off');
    const first = await run.status(id, 'backing-off');
    const told = (await run.operate(id, 'resume')).status;
    const again = await run.side.until(async () => { const row = await run.row(id); return row.status === 'backing-off' && row.last_start_at !== first.last_start_at && row; }, 'another attempt');
    await run.operate(id, 'kill');
    await run.status(id, 'completed');
    return [first.last_failure_error_code, first.retry_count, told, again.retry_count];
  } },
  { name: 'paused and resumed while it backs off', run: async (run) => {
    const id = await run.submit('/Failures/backs_off');
    await run.status(id, 'backing-off');
    await run.operate(id, 'pause');
    await run.status(id, 'paused');
    await run.operate(id, 'resume');
    const again = await run.status(id, 'backing-off');
    await run.operate(id, 'kill');
    await run.status(id, 'completed');
    return again.retry_count;
  } },
  { name: 'paused while it runs, and resumed', run: async (run) => {
    const id = await run.submit('/Steps/held_asks', run.key());
    const awakeable = await run.published(id);
    await run.waiting(id, 4);
    const paused = await run.operate(id, 'pause');
    run.side.release(run.key());
    await run.status(id, 'paused');
    const resumed = await run.operate(id, 'resume');
    await run.call(`/restate/awakeables/${awakeable}/resolve`, 3);
    return [paused.status, resumed.status, await run.result(id)];
  } },
  { name: 'killed while it runs', run: async (run) => {
    const id = await run.submit('/Steps/held', run.key());
    await run.waiting(id, 4);
    const killed = await run.operate(id, 'kill');
    run.side.release(run.key());
    return [killed.status, await run.result(id)];
  } },
  { name: 'restarted from each index', run: async (run) => {
    const first = await run.send('POST', '/Steps/greet', JSON.stringify(run.key()), { 'content-type': 'application/json' });
    const id = first.headers['x-restate-id'];
    const { length } = await run.entries(id);
    const told = [length];
    for (let from = 0; from <= length; from += 1) {
      const answer = await run.operate(id, 'restart-as-new', `?from=${from}`);
      told.push([from, answer.status, answer.status === 200 ? await run.result(answer.body.new_invocation_id) : null]);
    }
    return told;
  } },
  { name: 'restarted and purged', run: async (run) => {
    const { headers } = await run.send('POST', '/Payloads/echo', '1', { 'content-type': 'application/json' });
    const id = headers['x-restate-id'];
    const again = await run.operate(id, 'restart-as-new');
    const told = [again.status, await run.result(again.body.new_invocation_id), (await run.operate(id, 'purge-journal')).status, (await run.entries(id)).length, (await run.operate(id, 'purge')).status];
    return [...told, (await run.result(id)).status];
  } },
  { name: 'its code is another one',
    alone: true,
    run: async (run) => {
      const id = await run.submit('/Failures/changed_until_told');
      const awakeable = await run.published(id);
      await run.waiting(id, 3);
      await run.side.kill();
      await run.side.start('B');
      await run.call(`/restate/awakeables/${awakeable}/resolve`, 'told');
      const row = await run.side.until(async () => { const each = await run.row(id); return each?.last_failure_error_code === 'RT0016' && each; }, 'RT0016');
      await run.side.kill();
      await run.side.start('A');
      return [row.last_failure_error_code, row.last_failure_related_entry_type ?? null, row.last_failure_related_entry_name ?? null, await run.result(id)];
    },
    without: ['events', 'retry_count'] },
  { name: 'its code is another one on a new deployment',
    alone: true,
    run: async (run) => {
      const id = await run.submit('/Failures/changed');
      await run.waiting(id, 4);
      const paused = (await run.operate(id, 'pause')).status;
      await run.status(id, 'paused', 'suspended');
      const end = await run.side.startOther('B');
      const resumed = await run.operate(id, 'resume', '?deployment=latest');
      const row = await run.side.until(async () => { const each = await run.row(id); return each?.last_failure_error_code === 'RT0016' && each; }, 'RT0016');
      await run.operate(id, 'kill');
      const again = await run.operate(id, 'restart-as-new', '?from=0&deployment=latest');
      const fresh = await run.waiting(again.body.new_invocation_id, 4);
      const steps = (await run.entries(fresh.id)).map((each) => each.name).filter(Boolean);
      await run.operate(fresh.id, 'kill');
      await end();
      return [paused > 0, resumed.status, row.last_failure_related_command_name ?? null, again.status, steps, (await run.call('/Payloads/echo', 1)).body];
    },
    unwritten: true },
  { name: 'a delayed send is cancelled', run: async (run) => {
    const id = await run.submit('/Payloads/echo?delay=300d', 1);
    const told = [(await run.row(id)).status, (await run.operate(id, 'cancel')).status, await run.gone(id), (await run.get(`/restate/invocation/${id}/output`)).status];
    return told;
  }, due: ['scheduled', 200, true, 404] },
];
