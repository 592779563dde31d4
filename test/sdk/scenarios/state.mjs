// State of objects.
const all = (results) => results.map((each) => `${each.status} ${each.body}`);

export default [
  { name: 'state that is set, read, listed and cleared', run: (run) => run.call(`/Counter/${run.key()}/touch`) },
  { name: 'state that stays', run: async (run) => all([await run.call(`/Counter/${run.key()}/add`, 2), await run.call(`/Counter/${run.key()}/add`, 3), await run.call(`/Counter/${run.key()}/total`), await run.call(`/Counter/${run.key()}/keys`)]), due: ['200 2', '200 5', '200 5', '200 ["count"]'] },
  { name: 'state of who fails stays', run: async (run) => all([await run.call(`/Counter/${run.key()}/fails`), await run.call(`/Counter/${run.key()}/total`)]), due: ['500 {"code":500,"message":"after the write"}', '200 100'] },
  { name: 'state of bytes', run: (run) => run.call(`/Counter/${run.key()}/binary`), due: '200 [0,255]' },
  { name: 'state that is asked for', run: (run) => run.call(`/Lazy/${run.key()}/touch`) },
  { name: 'state that is asked for twice', run: async (run) => all([await run.call(`/Lazy/${run.key()}/touch`), await run.call(`/Lazy/${run.key()}/twice`), await run.call(`/Lazy/${run.key()}/eager`), await run.call(`/Lazy/${run.key()}/both`)]) },
  { name: 'a shared handler cannot write', run: async (run) => {
    const id = await run.submit(`/Counter/${run.key()}/shared_writes`);
    const row = await run.side.until(async () => { const each = await run.row(id); return (each?.last_failure || each?.status === 'completed') && each; }, 'an end');
    const told = [row.status === 'completed', row.last_failure_error_code ?? null];
    await run.operate(id, 'kill');
    return told;
  }, unwritten: true },
  { name: 'a hundred adds of one object', run: async (run) => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => run.call(`/Counter/${run.key()}/add`, 1)));
    const shared = await run.call(`/Counter/${run.key()}/total`);
    return [answers.map((each) => Number(each.body)).sort((a, b) => a - b).join(' ') === Array.from({ length: 100 }, (_, i) => i + 1).join(' '), shared.body];
  }, due: [true, '100'], unwritten: true },
  { name: 'sends to one object keep their order', run: async (run) => {
    const ids = [];
    for (let i = 0; i < 30; i += 1) ids.push(await run.submit(`/Counter/${run.key()}/add`, 1));
    return (await Promise.all(ids.map((id) => run.result(id)))).map((each) => each.body).join(' ');
  }, due: Array.from({ length: 30 }, (_, i) => i + 1).join(' '), unwritten: true },
  { name: 'a shared handler does not wait', run: async (run) => {
    const id = await run.submit(`/Counter/${run.key()}/held_add`, 1);
    await run.side.step(`begin ${run.key()}`);
    const meanwhile = await run.call(`/Counter/${run.key()}/total`);
    run.side.release(run.key());
    return all([meanwhile, await run.result(id)]);
  }, due: ['200 0', '200 1'] },
  { name: 'a thousand keys', run: async (run) => all([await run.call(`/Counter/${run.key()}/fill`, 1000), await run.call(`/Counter/${run.key()}/keys`).then((each) => ({ status: each.status, body: each.body.length }))]), unwritten: true },
  ...[[2, 'less'], [4, 'more']].map(([n, than]) => ({
    name: `state of ${than} than a megabyte`,
    run: async (run) => all([await run.call(`/Counter/${run.key()}/fill_large`, n), await run.call(`/Counter/${run.key()}/size`)]),
    due: ['200 ', `200 ${n * 400000}`],
    // more of it has to be asked for, where the real server sends all
    unwritten: n > 2,
  })),
  ...['a/b', 'ünï 😀', '100%', 'a b+c', 'a?b#c', '..', "quo'te\"s", ' '].map((key) => ({
    name: `an object called ${JSON.stringify(key)}`,
    run: async (run) => {
      const path = encodeURIComponent(key).replaceAll('.', '%2E');
      return all([await run.call(`/Counter/${path}/key`), await run.call(`/Counter/${path}/key?a=b`)]);
    },
  })),
];
