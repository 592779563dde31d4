// A worker in JavaScript, on pg and nothing else: workflows of so many steps, each
// submitted by the process that runs it.
//
//   node life_worker.mjs CONCURRENCY STEPS SECONDS
//
// Finds its database as psql does and its packages below NPM_DIR.  Prints the
// workflows a second, one line for each of SECONDS, which can be several numbers.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { measure } from './life_load.mjs';

const require = createRequire(`${process.env.NPM_DIR}/package.json`);
const { Pool } = require('pg');
const [concurrency, steps, ...seconds] = process.argv.slice(2).map(Number);
const result = 'x'.repeat(100);
const worker = `bench-${randomUUID()}`;
// as many connections as the competitor has
const pool = new Pool({ max: 10 });

const toBytes = (value) => [...Buffer.from(JSON.stringify(value))];

// Runs a statement, which is prepared once a connection.
async function call(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

// One attempt.  What its journal has is not done again.
class Context {
  constructor({ id, attempt, journal = [] }) {
    Object.assign(this, { id, attempt, commands: 1, completions: 0, results: new Map() });
    for (const { entry_json: { Notification: n } } of journal) {
      const run = n?.Completion?.Run;
      if (run) this.results.set(run.completion_id, run.result.Success);
    }
  }

  // Runs a step, or has its result from the journal.
  async run(name, action) {
    const completion_id = ++this.completions;
    const number = this.commands++;
    if (this.results.has(completion_id)) return JSON.parse(Buffer.from(this.results.get(completion_id)));
    const value = await action();
    await call('append', 'SELECT index FROM restate_append($1, $2, $3, $4::jsonb[])', [this.id, this.attempt, number, [
      JSON.stringify({ Command: { Run: { completion_id, name } } }),
      JSON.stringify({ Notification: { Completion: { Run: { completion_id, result: { Success: toBytes(value) } } } } }),
    ]]);
    return value;
  }

  async complete(value) {
    await call('complete', 'SELECT restate_complete($1, $2, $3, $4::jsonb[])', [this.id, this.attempt, this.commands, [
      JSON.stringify({ Command: { Output: { result: { Success: toBytes(value) }, name: '' } } })]]);
    return value;
  }
}

// The handler.
async function workflow(ctx, input) {
  let last = input;
  for (let i = 0; i < steps; i++) last = await ctx.run(`step ${i}`, async () => result);
  return last;
}

const manifest = { services: [{ name: 'Steps', ty: 'SERVICE', handlers: [{ name: 'workflow' }] }] };
await pool.query("SELECT restate_register_deployment('worker:workflows', $1::jsonb)", [JSON.stringify(manifest)]);
const heartbeat = setInterval(() => call('heartbeat', 'SELECT restate_heartbeat($1)', [worker]), 1000);
await measure(concurrency, seconds, async () => {
  const [attempt] = await call('submit', "SELECT id, attempt FROM restate_submit('Steps', 'workflow', $1, claim_for => $2)",
    [Buffer.from(JSON.stringify(result)), worker]);
  const ctx = new Context(attempt);
  if ((await ctx.complete(await workflow(ctx, result))) !== result) throw new Error('another result');
});
clearInterval(heartbeat);
await pool.end();
