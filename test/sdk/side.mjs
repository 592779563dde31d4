// One of the two servers that a scenario runs on: its requests, its services, and what it
// has written of the invocations of the scenario, with ids and times replaced.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const kept = ['content-type', 'retry-after', 'idempotency-expires'];
const columns = [
  'target', 'target_service_ty', 'idempotency_key', 'status', 'completion_result', 'completion_failure', 'invoked_by', 'invoked_by_target',
  'pinned_service_protocol_version', 'retry_count', 'last_failure_error_code', 'last_failure_related_command_index',
  'last_failure_related_command_name', 'last_failure_related_command_type', 'journal_size', 'journal_commands_size', 'completion_retention',
  'journal_retention', 'suspended_waiting_for_completions', 'suspended_waiting_for_signals'];

const unpinned = ['pinned_service_protocol_version', 'journal_commands_size'];

// Returns the answer to a request: status, headers, body.
function request(base, method, target, body, headers = {}) {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const sent = http.request({ hostname, port, method, path: target, headers: { ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...headers } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

// A server, and a process of the services for it.
export class Side {
  constructor({ name, admin, ingress }, { mode, directory, node, script, env, tag = '' }) {
    Object.assign(this, { name, admin, ingress, mode, node, script, env, tag, directory, isHalf: /half|suspend/.test(mode) });
    this.steps = path.join(directory, `steps.${name}.${mode}${tag}`);
    this.log = fs.openSync(path.join(directory, `services.${name}.${mode}${tag}.log`), 'a');
    fs.writeFileSync(this.steps, '\n');
    this.port = 0;
  }

  // Starts the services, on a port that is free or on that of those that were killed.
  async start(variant = 'A') {
    this.process = spawn(this.node, [this.script, this.mode, this.port, this.steps, variant], { stdio: ['ignore', 'pipe', this.log], env: { ...process.env, ...this.env } });
    this.port = await new Promise((resolve, reject) => {
      this.process.stdout.once('data', (line) => resolve(Number(line)));
      this.process.once('exit', () => reject(new Error('the services have not started')));
    });
  }

  // Starts the same services with other code on a port of their own, and registers them: what
  // begins now is theirs.  Returns what ends them, and gives the services back to the others.
  async startOther(variant) {
    const other = Object.assign(Object.create(Side.prototype), this, { port: 0 });
    await other.start(variant);
    const { body } = await other.register();
    return async () => {
      await this.manage('DELETE', `/deployments/${body.id}?force=true`);
      await other.kill();
    };
  }

  async kill() {
    const gone = new Promise((resolve) => { this.process.once('exit', resolve); });
    this.process.kill('SIGKILL');
    await gone;
  }

  // Registers the services; returns the answer.
  register(options = {}) {
    const body = { uri: `http://127.0.0.1:${this.port}`, force: true, use_http_11: this.mode.startsWith('h1'), ...options };
    return this.manage('POST', '/deployments', body);
  }

  // Sends a request to the admin port, JSON both ways.
  async manage(method, target, body) {
    const answer = await request(this.admin, method, target, body === undefined ? undefined : JSON.stringify(body), { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) });
    const text = answer.body.toString();
    let json;
    try { json = JSON.parse(text); } catch { json = text; }
    return { status: answer.status, body: json };
  }

  async rows(query) {
    const answer = await this.manage('POST', '/query', { query });
    if (answer.status !== 200) throw new Error(`${this.name}: ${query}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.rows;
  }

  // Waits until a step has begun, or ended, so many times.
  async step(line, times = 1) {
    await this.until(() => fs.readFileSync(this.steps, 'utf8').split('\n').filter((each) => each === line).length >= times, `step "${line}"`);
  }

  // Runs Restate's command line; returns what it prints, without how long ago things were.
  command(...words) {
    const program = createRequire(import.meta.url).resolve('@restatedev/restate/package.json').replace('package.json', 'lib/index.js');
    const env = { ...process.env, RESTATE_ADMIN_URL: this.admin, RESTATE_CLI_CONFIG_HOME: this.directory, DO_NOT_TRACK: '1', RESTATE_DISABLE_TELEMETRY: '1', NO_COLOR: '1', TZ: 'UTC' };
    return new Promise((resolve) => {
      execFile(process.execPath, [program, ...words], { env, timeout: 180000 }, (error, out, errors) => resolve(`${error ? error.code : 0}\n${out}${errors}`
        .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \+00:00/g, 'TIME').replaceAll(/\d+ (milliseconds?|seconds?|minutes?)( ago)?(,? and |, )?/g, '')
        .replaceAll(/\d+ ms\b/g, "").replaceAll(/ using restate-sdk-\S+/g, '').replaceAll(/Next retry in.*/g, 'Next retry').replaceAll(/Error:\s+\[TIME\][^]*?Modified/g, 'Error Modified').replaceAll(/\(now ago\)|\(ago\)/g, '').replaceAll(/[ \t―]+/g, ' ')));
    });
  }

  // Has a step end that waits for it.
  release(name) { fs.appendFileSync(this.steps, `release ${name}\n`); }

  // Returns how often lines of steps were written.
  steps_done(name) {
    return fs.readFileSync(this.steps, 'utf8').split('\n').filter((each) => each.endsWith(name)).sort();
  }

  async until(condition, what, seconds = 120) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const value = await condition();
      if (value) return value;
      if (Date.now() > end) throw new Error(`${this.name}: ${what} does not come`);
      await pause(25);
    }
  }
}

// What a scenario does on one server.
export class Run {
  constructor(side, { name, hide }) {
    Object.assign(this, { side, name, hide, ids: [], labels: new Map() });
  }

  // Returns a key of an object or the like that no other scenario has.
  key(suffix = '') { return `${this.side.tag}${this.side.mode}-${this.name.replace(/[^a-z0-9]+/gi, '-')}${suffix}`; }

  // Sends a request to the ingress; the body is JSON unless it has a content type.
  async send(method, target, body, headers = {}) {
    const bytes = body === undefined || body instanceof Uint8Array || 'content-type' in headers ? body : JSON.stringify(body);
    const type = body === undefined || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
    const answer = await request(this.side.ingress, method, target, bytes, { ...type, ...headers });
    this.track(answer.headers['x-restate-id']);
    return answer;
  }

  track(id) { if (id && !this.ids.includes(id)) this.ids.push(id); return id; }

  // Sends a request and returns what of the answer is to be equal.
  async call(target, body, headers = {}, method = 'POST') {
    return this.tell(await this.send(method, target, body, headers));
  }

  tell(answer) {
    const told = Object.fromEntries(kept.filter((name) => name in answer.headers).map((name) => [name, answer.headers[name]]));
    // what a server says of itself is in words of its own, and where code threw is not told to clients
    const body = printable(answer.body).replace(/^\{"message":"(?:[^"\\]|\\.)*"\}$/, '{"message":"WORDS"}').replace(/,"stacktrace":"(?:[^"\\]|\\.)*"/, '');
    return { status: answer.status, headers: told, body };
  }

  get(target, headers) { return this.call(target, undefined, headers, 'GET'); }

  // Submits an invocation and returns its id.
  async submit(target, body, headers) {
    const [where, query] = target.split('?');
    const answer = await this.send('POST', `${where}/send${query ? `?${query}` : ''}`, body, headers);
    if (answer.status !== 202) throw new Error(`${this.side.name}: ${target}: ${answer.status} ${answer.body}`);
    return this.track(JSON.parse(answer.body).invocationId);
  }

  // Waits for an invocation's end and returns its answer.
  async result(id) {
    const answer = await this.get(`/restate/invocation/${id}/attach`);
    // which says when it had ended before
    delete answer.headers['idempotency-expires'];
    return answer;
  }

  // Does what operators do: cancel, kill, pause, resume, purge, restart-as-new.
  async operate(id, operation, query = '') {
    const answer = await this.side.manage('PATCH', `/invocations/${id}/${operation}${query}`);
    this.track(answer.body?.new_invocation_id);
    return answer;
  }

  async row(id) { return (await this.side.rows(`SELECT * FROM sys_invocation WHERE id = '${id}'`))[0]; }

  // Waits until an invocation is in a status, or one of them, and returns its row.
  status(id, ...statuses) {
    return this.side.until(async () => { const row = await this.row(id); return statuses.includes(row?.status) && row; }, `${statuses} of ${id}`);
  }

  // Waits until an invocation is not there any more.
  gone(id) { return this.side.until(async () => !(await this.row(id)), `the end of ${id}`); }

  // Waits until an invocation waits: it is suspended, or runs and has this many entries.
  waiting(id, size) {
    return this.side.until(async () => { const row = await this.row(id); return (row?.status === 'suspended' || row?.status === 'running') && row.journal_size >= size && row; }, `${size} entries of ${id}`);
  }

  // Waits until an invocation has called so many others and each has stored something, and returns
  // their ids: who is cancelled before it has begun is removed.
  async callees(id, count) {
    const rows = await this.side.until(async () => {
      const found = await this.side.rows(`SELECT id FROM sys_invocation WHERE invoked_by_id = '${id}'`);
      return found.length === count && found;
    }, `${count} callees of ${id}`);
    for (const { id: callee } of rows) await this.waiting(callee, 2);
    return rows.map((row) => row.id);
  }

  async entries(id) { return this.side.rows(`SELECT * FROM sys_journal WHERE id = '${id}' ORDER BY index`); }

  // Waits for the first result of a step, and returns it.
  published(id) {
    return this.side.until(async () => {
      const entry = (await this.entries(id)).find((each) => each.entry_type === 'Notification: Run');
      return entry && JSON.parse(Buffer.from(JSON.parse(entry.entry_json).Notification.Completion.Run.result.Success));
    }, `a result in ${id}`);
  }

  // Returns a text with ids and times replaced.
  plain(text) {
    return (this.hide ? text.replaceAll(this.hide, 'HIDDEN') : text)
      .replaceAll(/inv_1[0-9A-Za-z]{33}/g, (id) => {
        if (!this.labels.has(id)) this.labels.set(id, `inv${this.labels.size + 1}`);
        this.track(id);
        return this.labels.get(id);
      })
      .replaceAll(/sign_1[\w-]+/g, 'AWAKEABLE')
      .replaceAll(/dp_1\w+/g, 'DEPLOYMENT')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)/g, 'TIME')
      .replaceAll(/\\n +at [^"]*/g, ' STACK')
      .replaceAll(/(promise was already completed|the promise has been completed before)/g, 'PROMISE COMPLETED')
      .replaceAll(/(the workflow method was already invoked|the workflow has been run before|the workflow of this key runs already, or has run)/g, 'WORKFLOW RUN');
  }

  // Returns what the server has written of the scenario's invocations and of all whom
  // they called: rows, journals, events; notifications behind the commands, if they may
  // have come in any order.
  async written(without = [], anyOrder = false) {
    const all = [];
    for (let i = 0; i < this.ids.length; i += 1) {
      const id = this.ids[i];
      this.plain(id);
      const row = await this.row(id);
      const events = await this.side.rows(`SELECT * FROM sys_journal_events WHERE id = '${id}' ORDER BY after_journal_entry_index, appended_at`);
      const entries = await this.entries(id);
      // where nothing was stored but its input the real server has not pinned it yet
      const left = entries.length === 1 ? [...without, ...unpinned] : without;
      all.push({
        id,
        row: row && Object.fromEntries(columns.filter((column) => !left.includes(column)).map((column) => [column, row[column] ?? null])),
        journal: entries.length === 1 ? 'its input' : listed(entries, anyOrder),
        events: without.includes('events') ? undefined : events.map((event) => ({ after: event.after_journal_entry_index, type: event.event_type, event: plainEntry(JSON.parse(event.event_json)) })),
      });
      // whom it called is looked at too
      this.plain(JSON.stringify(all.at(-1)));
    }
    return JSON.parse(this.plain(JSON.stringify(all)));
  }
}

// Returns bytes as text if they are, or else in hexadecimal; long ones by their length.
export function printable(bytes) {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString();
  const shown = Buffer.from(text).equals(buffer) ? text : `0x${buffer.toString('hex')}`;
  return shown.length > 5000 ? `${shown.slice(0, 20)}... (${shown.length})` : shown;
}

// Returns the entries of a journal.
function listed(entries, anyOrder) {
  const all = entries.map((entry) => ({ index: entry.index, entry_type: entry.entry_type, name: entry.name ?? null, entry: plainEntry(JSON.parse(entry.entry_json)) }));
  if (!anyOrder) return all;
  const isCommand = ({ entry_type: type }) => type.startsWith('Command');
  const placed = all.map((entry) => ({ ...entry, index: null }));
  return [...placed.filter(isCommand), ...placed.filter((entry) => !isCommand(entry)).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))];
}

const times = new Set(['wake_up_time', 'random_seed']);

// Returns an entry without what is another one in each run, bytes as text.
function plainEntry(value, name) {
  // what has not come from the handler is told in words of the server
  if (value?.restate_doc_error_code && !['RT0007', 'RT0016'].includes(value.restate_doc_error_code)) {
    return plainEntry({ ...value, error_message: 'WORDS', restate_doc_error_code: undefined, code: value.restate_doc_error_code }, name);
  }
  if (Array.isArray(value)) {
    const bytes = value.length > 0 && value.every((each) => Number.isInteger(each) && each >= 0 && each < 256);
    return bytes && !['waiting_for'].includes(name) ? `bytes ${printable(value)}` : value.map((each) => plainEntry(each));
  }
  if (value === null || typeof value !== 'object') {
    return times.has(name) || (name === 'invoke_time' && value > 0) ? 'TIME' : value;
  }
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, plainEntry(each, key)]));
}
