// What is late by its own measure: the rows of restate.sys_stuck, the oldest first.
import { el, show } from './dom.mjs';
import { query } from './api.mjs';
import { condition } from './filters.mjs';
import { ago, count } from './format.mjs';
import { badge, copyable, invocationLink, problem } from './parts.mjs';

const FIRST = 10;
const MOST = 200;

let isThere = null;

/** Returns whether the view is there and may be read. */
async function hasView(signal) {
  isThere ??= (await query("SELECT table_name::text AS name FROM information_schema.views WHERE table_schema = 'restate' AND table_name = 'sys_stuck'", signal)).length > 0;
  return isThere;
}

/**
 * Shows what is stuck of what the filter asks for, nothing where there is none or it
 * cannot be told.  Returns the ids.
 */
export async function stuckSection(into, filter, signal, most = FIRST) {
  if (!await hasView(signal).catch(() => false)) return new Set();
  // of the fields those that the view has as well
  const { service, handler, key_prefix, status } = filter;
  const where = condition({ service, handler, key_prefix, status });
  let rows;
  try {
    rows = await query(`SELECT reason, id, target, status, since, detail, waiting, related_id FROM restate.sys_stuck${where && ` WHERE ${where}`}
ORDER BY since, id LIMIT ${MOST + 1}`, signal);
  } catch (error) {
    if (!signal.aborted) show(into, problem(error));
    return new Set();
  }
  if (rows.length > 0) draw(into, rows, most);
  return new Set(rows.map((row) => row.id).filter(Boolean));
}

function draw(into, rows, most) {
  const shown = rows.slice(0, most);
  show(into, el('section', { id: 'stuck', class: 'card warn', 'aria-labelledby': 'stuck-title' },
    el('h2', { id: 'stuck-title' }, 'Stuck ', el('span', { class: 'count' }, rows.length > MOST ? `more than ${count(MOST)}` : count(rows.length))),
    el('table', { class: 'rows late', 'aria-labelledby': 'stuck-title' },
      el('thead', null, el('tr', null, ['Why', 'Target', 'Invocation', 'Since', ''].map((words) => el('th', { scope: 'col' }, words || el('span', { class: 'unseen' }, 'Detail'))))),
      el('tbody', null, shown.map((row) => el('tr', { 'data-id': row.id },
        el('td', null, el('span', { class: 'badge', 'data-status': 'late' }, row.reason.replaceAll('_', ' ')), ' ', row.status && badge(row.status)),
        el('td', { class: 'target', title: row.target }, row.target),
        el('td', null, row.id ? invocationLink(row.id) : copyable(row.target)),
        el('td', { class: 'number' }, ago(row.since)),
        el('td', { class: 'failure', title: row.detail }, row.detail, row.waiting > 0 && ` · ${count(row.waiting)} wait`, row.related_id && [' ', invocationLink(row.related_id)]))))),
    shown.length < rows.length && el('button', { id: 'stuck-more', onclick: () => draw(into, rows, MOST) }, rows.length > MOST ? `Show the first ${count(MOST)}` : 'Show all of them')));
}
