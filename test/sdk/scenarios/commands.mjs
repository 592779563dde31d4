// What Restate's command line shows of invocations.
const described = (submit, ...statuses) => async (run) => {
  const id = await submit(run);
  if (statuses.length > 0) await run.status(id, ...statuses);
  const told = await run.side.command('invocations', 'describe', id);
  if (statuses.length > 0 && !statuses.includes('completed')) await run.operate(id, 'kill');
  return told;
};

export default [
  { name: 'a completed one is described', run: described(async (run) => { const { headers } = await run.send('POST', '/Steps/greet', JSON.stringify(run.key()), { 'content-type': 'application/json' }); return headers['x-restate-id']; }) },
  { name: 'a failed one is described', run: described(async (run) => { const { headers } = await run.send('POST', '/Caller/relay'); return headers['x-restate-id']; }) },
  { name: 'one that backs off is described', run: described((run) => run.submit('/Failures/backs_off'), 'backing-off') },
  { name: 'a paused one is described', run: described((run) => run.submit('/Failures/throws'), 'paused') },
  { name: 'a scheduled one is described', run: described((run) => run.submit('/Steps/sleeps?delay=3d', 1), 'scheduled') },
  { name: 'one that waits is described', run: described(async (run) => { const id = await run.submit('/Caller/sleeps_for'); await run.waiting(id, 3); return id; }, 'running', 'suspended') },
].map((row) => ({ ...row, unwritten: true }));
