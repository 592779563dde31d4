// The trees around an invocation: its restarts, and who has called whom.
import { el, show } from './dom.mjs';
import { get, path } from './api.mjs';
import { time } from './format.mjs';
import { badge, invocationLink, nothing, problem, section } from './parts.mjs';

/** Shows both trees. */
export async function family(into, id, signal) {
  const [lineage, calls] = await Promise.all(['lineage', 'call-tree'].map((tree) => (
    get(path(['admin', 'invocations', id, tree]), signal).then(({ rows }) => rows, (error) => {
      if (error.name === 'AbortError') throw error;
      return error;
    }))));
  show(into,
    section('lineage', 'Restarts', tree(lineage, id, restartWords, 'It was not restarted, and is no restart.')),
    section('calls', 'Callers and callees', tree(calls, id, callWords, 'Nobody has called it, and it has called nobody.')));
}

/** Returns the tree of restarts alone, which the audit may have of one that is gone. */
export async function lineageOf(id, signal) {
  const { rows } = await get(path(['admin', 'invocations', id, 'lineage']), signal);
  return section('lineage', 'Restarts', tree(rows, id, restartWords, ''));
}

function tree(rows, id, words, none) {
  if (rows instanceof Error) return problem(rows);
  if (rows.length <= 1 && rows.every((row) => row.id === id) && none) return nothing(none);
  const first = Math.min(...rows.map((row) => row.depth));
  return el('ul', { class: 'tree' }, rows.map((row) => {
    const item = el('li', { 'aria-current': row.id === id ? 'true' : null }, words(row, row.id === id));
    item.style.setProperty('--depth', Math.min(row.depth - first, 12));
    return item;
  }));
}

function restartWords(row, isSelf) {
  const who = [row.claimed_subject ?? row.role_name, row.reason && `“${row.reason}”`].filter(Boolean).join(': ');
  return [
    badge(row.status), ' ', isSelf ? el('span', { class: 'self' }, 'this one') : invocationLink(row.id),
    row.from_index !== null && row.from_index !== undefined && el('span', { class: 'of' }, ` from ${row.from_index}`),
    row.restarted_at && el('span', { class: 'of' }, ' ', time(row.restarted_at)),
    who && el('span', { class: 'of' }, ` ${who}`),
  ];
}

function callWords(row, isSelf) {
  return [
    badge(row.status), ' ', el('span', { class: 'name' }, row.target), ' ', isSelf ? el('span', { class: 'self' }, 'this one') : invocationLink(row.id),
    row.relation === 'send' && el('span', { class: 'of' }, ' one-way'),
    row.command_index !== null && row.command_index !== undefined && el('span', { class: 'of' }, ` at entry ${row.command_index}`),
  ];
}
