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

// Runs a statement, which is prepared once a connection.
async function call(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

// Returns a function that has one call of run do what is asked for at the same time: what
// comes while enough calls are on their way waits for the next.  run takes an array and
// returns an array of results.
function together(run) {
  const calls = 2;
  let waiting = [];
  let running = 0;
  let isPlanned = false;

  async function go() {
    const items = waiting;
    waiting = [];
    running++;
    try {
      const results = await run(items.map(({ item }) => item));
      items.forEach(({ resolve }, i) => resolve(results[i]));
    } catch (error) {
      items.forEach(({ reject }) => reject(error));
    }
    running--;
    plan();
  }

  function plan() {
    if (isPlanned || running === calls || waiting.length === 0) return;
    isPlanned = true;
    setImmediate(() => { isPlanned = false; go(); });
  }

  return (item) => new Promise((resolve, reject) => {
    waiting.push({ item, resolve, reject });
    plan();
  });
}

const submit = together((inputs) => call('submit', `SELECT s.id, s.attempt FROM unnest($1::bytea[]) WITH ORDINALITY AS i (input, n),
  LATERAL restate_submit('Steps', 'workflow', i.input, claim_for => $2) AS s ORDER BY i.n`, [inputs, worker]));

const push = together((parts) => call('push', 'SELECT ok, message FROM restate_push($1, $2, $3, $4) ORDER BY ordinality',
  [parts.map((p) => p.id), parts.map((p) => p.attempt), parts.map((p) => p.frames), parts.map((p) => p.command)]));

// A field of a message of the service protocol: a number, or bytes.
function field(number, value) {
  const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
  if (typeof value === 'number') return Buffer.from([...varint(number << 3), ...varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
}

// A message as a frame.
function frame(type, ...fields) {
  const body = Buffer.concat(fields);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

const messages = {
  run: (completion, name) => frame(0x0411, field(11, completion), field(12, name)),
  runCompletion: (completion, value) => frame(0x0005, field(1, completion), field(14, value)),
  output: (value) => frame(0x0401, field(14, field(1, value))),
  end: () => frame(0x0003),
};

// One attempt.  What its journal has is not done again.
class Context {
  constructor({ id, attempt, journal = [] }) {
    Object.assign(this, { id, attempt, commands: 1, completions: 0, results: new Map(), frames: [], sent: Promise.resolve() });
    for (const { entry_json: { Notification: n } } of journal) {
      const run = n?.Completion?.Run;
      if (run) this.results.set(run.completion_id, run.result.Success);
    }
  }

  // Runs a step, or has its result from the journal.  What the steps before it have brought
  // is in the journal before it is run.
  async run(name, action) {
    const completion = ++this.completions;
    if (this.results.has(completion)) {
      this.commands++;
      return JSON.parse(Buffer.from(this.results.get(completion)));
    }
    await this.sent;
    const value = await action();
    this.send(1, messages.run(completion, name), messages.runCompletion(completion, JSON.stringify(value)));
    return value;
  }

  async complete(value) {
    this.send(1, messages.output(JSON.stringify(value)), messages.end());
    await this.sent;
    return value;
  }

  // Sends frames, with all that come before they are on their way and after those that are.
  send(commands, ...frames) {
    if (this.frames.length === 0) {
      const command = this.commands;
      this.sent = this.sent.then(() => new Promise((resolve) => { setImmediate(resolve); })).then(async () => {
        const bytes = Buffer.concat(this.frames.splice(0));
        const { ok, message } = await push({ id: this.id, attempt: this.attempt, frames: bytes, command });
        if (!ok) throw new Error(message);
      });
      // who waits for it is told
      this.sent.catch(() => {});
    }
    this.frames.push(...frames);
    this.commands += commands;
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
  const attempt = await submit(Buffer.from(JSON.stringify(result)));
  const ctx = new Context(attempt);
  if ((await ctx.complete(await workflow(ctx, result))) !== result) throw new Error('another result');
});
clearInterval(heartbeat);
await pool.end();
