// The competitor of bench/life_worker.mjs: workflows on @dbos-inc/dbos-sdk, in the
// same shape, registered and launched as its documentation shows.
//
//   node life_dbos.mjs CONCURRENCY STEPS SECONDS
//
// Finds its database in DBOS_URL and its packages below NPM_DIR.  Prints the
// workflows a second, one line for each of SECONDS, which can be several numbers.
import { createRequire } from 'node:module';
import { measure } from './life_load.mjs';

const require = createRequire(`${process.env.NPM_DIR}/package.json`);
const { DBOS } = require('@dbos-inc/dbos-sdk');
const [concurrency, steps, ...seconds] = process.argv.slice(2).map(Number);
const result = 'x'.repeat(100);

const workflow = DBOS.registerWorkflow(async (input) => {
  let last = input;
  for (let i = 0; i < steps; i++) {
    last = await DBOS.runStep(async () => result, { name: `step ${i}` });
  }
  return last;
}, { name: 'workflow' });

DBOS.setConfig({ name: 'bench', systemDatabaseUrl: process.env.DBOS_URL, logLevel: 'error' });
await DBOS.launch();
await measure(concurrency, seconds, async () => {
  const handle = await DBOS.startWorkflow(workflow)(result);
  if ((await handle.getResult()) !== result) throw new Error('another result');
});
await DBOS.shutdown();
