// The journal of an invocation as a timeline: a row an entry, a bar from when a command
// was asked for to when it was answered.
import { el, show } from './dom.mjs';
import { query } from './api.mjs';
import { described, inWords, isCommand, kindOf, payloadsIn, withoutBytes } from './entry.mjs';
import { bytes, count, readable, span, time } from './format.mjs';
import { nothing, problem } from './parts.mjs';
import { literal } from './sql.mjs';

const FIRST = 500;
/* a larger payload is not read into a page */
const LARGEST_PAYLOAD = 1 << 20;

/**
 * Makes the timeline of an invocation.  Returns its parts: element; list, its rows;
 * overlay, where something may lie over them; entries, what was read, and hasMore;
 * load(signal), which reads the first of it, and loadUpTo(index); rowOf(index).  ondraw
 * is called when the rows are new.
 */
export function timeline(id) {
  const list = el('ol', { class: 'journal', id: 'journal-rows', 'aria-label': 'Journal entries' });
  const element = el('div', { class: 'timeline' });
  const opened = new Map();
  const overlay = el('div', { class: 'overlay' });
  let rows = new Map();
  let limit = FIRST;
  const journal = { element, list, overlay, entries: [], hasMore: false, ondraw: null, rowOf: (index) => rows.get(index), load, loadUpTo };

  async function load(signal) {
    const [entries, events] = await Promise.all([
      query(`SELECT index, entry_type, name, completed, invoked_id, invoked_target, sleep_wakeup_at, promise_name, payload_length, appended_at,
  completion_id, result_completion_id, entry_lite_json FROM sys_journal WHERE id = ${literal(id)} ORDER BY index LIMIT ${limit + 1}`, signal),
      query(`SELECT after_journal_entry_index, appended_at, event_type, event_json FROM sys_journal_events WHERE id = ${literal(id)}
ORDER BY after_journal_entry_index, appended_at LIMIT 200`, signal).catch(() => []),
    ]);
    journal.hasMore = entries.length > limit;
    journal.entries = entries.slice(0, limit);
    draw(events);
  }

  function draw(events) {
    const { entries } = journal;
    const commands = commandsByCompletion(entries);
    const commandOf = (entry) => commands.get(entry.completion_id);
    const scale = scaleOf(entries);

    rows = new Map();
    if (entries.length === 0) {
      show(element, nothing('The journal has no entries: it has not started, or its journal was purged or never kept.'));
      return;
    }
    const items = [];
    let event = 0;
    for (const entry of entries) {
      const row = rowFor(entry, commandOf, scale, commands);
      rows.set(entry.index, row);
      items.push(row);
      while (event < events.length && events[event].after_journal_entry_index <= entry.index) items.push(eventRow(events[event++], scale));
    }
    while (event < events.length) items.push(eventRow(events[event++], scale));
    show(list, items);
    show(element, overlay, list, journal.hasMore && el('p', { class: 'nothing' }, `The first ${count(entries.length)} entries. `,
      el('button', { id: 'journal-more', onclick: more }, 'Show ten times as many')));
    for (const [index, content] of opened) if (rows.has(index)) open(rows.get(index), content);
    journal.ondraw?.();
  }

  async function loadUpTo(index) {
    limit = Math.max(limit, index + 1);
    await load();
  }

  async function more() {
    limit *= 10;
    await load();
  }

  function rowFor(entry, commandOf, scale, commands) {
    const command = isCommand(entry);
    const toggle = el('button', {
      type: 'button', class: 'index', id: `entry-${entry.index}`, 'aria-expanded': 'false', 'aria-label': `Entry ${inWords(entry)}`, onclick: () => toggled(entry),
    }, String(entry.index));
    const row = el('li', { class: command ? 'command' : 'notification', 'data-index': entry.index },
      toggle,
      el('span', { class: 'dot', 'aria-hidden': 'true' }),
      el('span', { class: 'what' }, el('span', { class: 'kind' }, kindOf(entry)), ' ', described(entry, commandOf)),
      el('span', { class: 'fate' }),
      el('span', { class: 'size number' }, entry.payload_length > 0 ? bytes(entry.payload_length) : ''),
      el('span', { class: 'bar', 'aria-hidden': 'true' }, bar(entry, commands, scale)),
      el('span', { class: 'offset number' }, offset(entry, scale)));
    return row;
  }

  function toggled(entry) {
    const row = rows.get(entry.index);
    if (opened.delete(entry.index)) {
      row.querySelector('.detail')?.remove();
      row.querySelector('.index').setAttribute('aria-expanded', 'false');
      return;
    }
    const content = el('div', { class: 'detail' }, nothing('…'));
    opened.set(entry.index, content);
    open(row, content);
    detail(id, entry).then((parts) => show(content, parts), (error) => show(content, problem(error)));
  }

  function open(row, content) {
    row.append(content);
    row.querySelector('.index').setAttribute('aria-expanded', 'true');
  }
  return journal;
}

/** Returns the commands by the completions that they wait for. */
export function commandsByCompletion(entries) {
  const commands = new Map();
  for (const entry of entries) {
    if (!isCommand(entry)) continue;
    for (const completion of [entry.completion_id, entry.result_completion_id]) {
      if (completion !== undefined && completion !== null) commands.set(completion, entry);
    }
  }
  return commands;
}

function scaleOf(entries) {
  const times = entries.map((entry) => Date.parse(entry.appended_at)).filter((at) => !Number.isNaN(at));
  const first = times.length > 0 ? Math.min(...times) : NaN;
  return {
    first, length: times.length > 0 ? Math.max(...times) - first : 0,
    answered: new Map(entries.filter((entry) => !isCommand(entry) && entry.completion_id !== undefined).map((entry) => [entry.completion_id, Date.parse(entry.appended_at)])),
  };
}

function offset(entry, scale) {
  const at = Date.parse(entry.appended_at);
  if (Number.isNaN(at)) return '';
  const element = time(entry.appended_at, { millis: true });
  element.title = `${element.textContent} UTC, ${element.title}`;
  element.textContent = `+${span(at - scale.first)}`;
  return element;
}

/** Returns the bar of an entry; its place is set as a property, which no policy forbids. */
function bar(entry, commands, scale) {
  const at = Date.parse(entry.appended_at);
  if (Number.isNaN(at) || scale.length <= 0) return null;
  const element = el('i', null);
  const from = (at - scale.first) / scale.length;
  let to = from;
  if (isCommand(entry)) {
    const end = scale.answered.get(entry.result_completion_id ?? entry.completion_id);
    if (end !== undefined && end >= at) to = (end - scale.first) / scale.length;
    else if (entry.completed === false) to = 1;
  }
  element.style.setProperty('left', `${(from * 100).toFixed(2)}%`);
  element.style.setProperty('width', `${((to - from) * 100).toFixed(2)}%`);
  return element;
}

function eventRow(event, scale) {
  let about = {};
  try {
    about = JSON.parse(event.event_json);
  } catch {
    // the type alone is shown
  }
  const message = about.error_message ?? about.last_failure?.error_message ?? about.message;
  return el('li', { class: 'event' },
    el('span', null), el('span', { class: 'dot', 'aria-hidden': 'true' }),
    el('span', { class: 'what' }, el('span', { class: 'kind' }, event.event_type), ' ', message && el('span', { class: 'failure' }, String(message))),
    el('span', { class: 'fate' }), el('span', null), el('span', { class: 'bar' }),
    el('span', { class: 'offset number' }, offset(event, scale)));
}

/** Returns what an entry holds: its payloads, then all else of it. */
async function detail(id, entry) {
  if (entry.payload_length > LARGEST_PAYLOAD) {
    return [el('p', { class: 'hint' }, `It has ${bytes(entry.payload_length)}, more than a page shows. In psql: `,
      el('code', null, `SELECT entry_json FROM restate.sys_journal WHERE id = ${literal(id)} AND index = ${entry.index}`))];
  }
  const [row] = await query(`SELECT entry_json FROM sys_journal WHERE id = ${literal(id)} AND index = ${Number(entry.index)}`);
  if (!row) return [nothing('The entry is gone.')];
  const whole = typeof row.entry_json === 'string' ? JSON.parse(row.entry_json) : row.entry_json;
  const payloads = payloadsIn(whole).map(({ what, octets }) => {
    const { text, kind, cut } = readable(octets);
    return el('figure', null,
      el('figcaption', null, `${what.toLowerCase()}, ${bytes(octets.length)}${kind === 'bytes' ? ', no text' : ''}${cut ? ', not all of it' : ''}`),
      el('pre', { tabindex: 0 }, text));
  });
  return [
    payloads,
    el('details', { open: payloads.length === 0 }, el('summary', null, 'The whole entry'), el('pre', { tabindex: 0 }, JSON.stringify(withoutBytes(whole), null, 2))),
  ];
}
