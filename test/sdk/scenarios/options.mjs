// What handlers' options make of invocations, and what lists and descriptions of them show.
const retained = (row) => ({ completion: row?.completion_retention, journal: row?.journal_retention });

export default [
  ...[['/Seeker/briefly', true], ['/Seeker/briefly', false], ['/Seeker/unkept', true], ['/Payloads/echo', true], ['/Payloads/echo', false]].map(([handler, keyed]) => ({
    name: `how long ${handler} is kept${keyed ? ', with a key' : ''}`,
    run: async (run) => {
      const answer = await run.send('POST', handler, handler.endsWith('echo') ? '1' : undefined, { ...(keyed ? { 'idempotency-key': run.key() } : {}), ...(handler.endsWith('echo') ? { 'content-type': 'application/json' } : {}) });
      return [answer.status, retained(await run.row(answer.headers['x-restate-id']))];
    },
  })),
  { name: 'how long a workflow is kept', run: async (run) => {
    const answer = await run.send('POST', `/Short/${run.key()}/run`, '1', { 'content-type': 'application/json' });
    const other = await run.send('POST', `/Short/${run.key()}/again`);
    return [answer.body.toString(), retained(await run.row(answer.headers['x-restate-id'])), retained(await run.row(other.headers['x-restate-id']))];
  } },
  { name: 'a result that has expired is asked for again', departs: 'the real server does not look for it within a minute', due: [200, 200, 200], run: async (run) => {
    const first = await run.call('/Seeker/briefly', undefined, { 'idempotency-key': run.key() });
    const [id] = run.ids;
    await run.side.until(async () => !(await run.row(id)), 'its expiry');
    const again = await run.send('POST', '/Seeker/briefly', undefined, { 'idempotency-key': run.key() });
    return [first.status, again.status, (await run.get(`/restate/invocation/${id}/output`)).status];
  }, unwritten: true },
  ...['Payloads', 'Counter', 'Lazy', 'Flow', 'Hidden', 'Seeker', 'Short', 'Offers', 'Typed', 'Cancels'].map((service) => ({
    name: `what is registered of ${service}`,
    run: async (run) => {
      const { status, body } = await run.side.manage('GET', `/services/${service}`);
      const { deployment_id: _, revision: __, ...rest } = body;
      // what has no effect is told in words of the server
      const codes = ({ info, ...of }) => ({ ...of, info: info?.map(({ code }) => code) });
      return { status, ...codes(rest), handlers: rest.handlers.map(codes).sort((a, b) => (a.name < b.name ? -1 : 1)) };
    },
    unwritten: true,
  })),
];
