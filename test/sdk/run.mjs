// Runs the scenarios of scenarios/ on two servers at the same time, and prints for each a
// line of JSON: its name, what is due, what came on each, and what each has written.
//
//   NODE_PATH=DIR node run.mjs SETTINGS
//
// SETTINGS is a file of JSON: sides (name, admin, ingress), mode, directory for what the
// services leave, topics and names to choose from the scenarios, long: whether those that take
// long run too, env of the services, and a
// tag that keeps this run's keys from those of others.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Run, Side } from './side.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const settings = JSON.parse(fs.readFileSync(process.argv[2]));
const sides = settings.sides.map((side) => new Side(side, { ...settings, node: process.execPath, script: path.join(here, 'service.cjs') }));

// Returns the scenarios that were asked for.
async function chosen() {
  const topics = settings.topics ?? fs.readdirSync(path.join(here, 'scenarios')).map((file) => path.basename(file, '.mjs')).sort();
  const all = await Promise.all(topics.map(async (topic) => (await import(`./scenarios/${topic}.mjs`)).default.map((row) => ({ ...row, topic }))));
  return all.flat().filter((row) => (settings.names ?? [row.name]).includes(row.name) && (!row.isLong || settings.long));
}

// Runs one on one server; a failure is what comes.
async function runOn(side, row) {
  const run = new Run(side, row);
  try {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('it takes too long')), row.isLong ? 600000 : 300000); });
    const came = await Promise.race([row.run ? row.run(run) : run.call(...row.call), late]);
    clearTimeout(timer);
    // what runs on would be written by one and not yet by the other
    const written = row.unwritten ? [] : await run.written(row.without, row.anyOrder);
    return { came: JSON.parse(run.plain(JSON.stringify(came ?? null))), written };
  } catch (error) {
    return { came: run.plain(`${error.message}`), written: [] };
  }
}

async function compare(row) {
  const results = await Promise.all((row.departs ? sides.slice(0, 1) : sides).map((side) => runOn(side, row)));
  console.log(JSON.stringify({ topic: row.topic, name: row.name, due: row.due, departs: row.departs, sides: results }));
}

async function main() {
  await Promise.all(sides.map((side) => side.start()));
  for (const side of sides) {
    // the real one may not be ready for it at once
    await side.until(async () => [200, 201].includes((await side.register()).status), 'its registration');
  }
  const rows = await chosen();
  const together = rows.filter((row) => !row.alone);
  const queue = together.values();
  await Promise.all(Array.from({ length: settings.atOnce ?? 4 }, async () => { for (const row of queue) await compare(row); }));
  for (const row of rows.filter((each) => each.alone)) await compare(row);
  await Promise.all(sides.map((side) => side.kill()));
}

process.on('exit', () => { for (const side of sides) side.process?.kill('SIGKILL'); });
await main();
// a request that is never answered would keep it
process.exit(0);
