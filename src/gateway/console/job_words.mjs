// What of a bulk job the list and its page show alike.
import { el } from './dom.mjs';
import { inWords } from './filters.mjs';
import { count } from './format.mjs';
import { invocationLink, section } from './parts.mjs';

/** Returns the operation with its options. */
export function operationWords({ operation, options }) {
  const parts = Object.entries(options ?? {}).filter(([name, value]) => name !== 'dry_run' && value !== null).map(([name, value]) => `${name} ${value}`);
  return [operation.replaceAll('_', ' '), ...parts].join(', ');
}

export function filterWords(filter) {
  return el('span', { class: 'filter-words' }, inWords(filter ?? {}).map(([name, value]) => el('span', null, el('span', { class: 'hint' }, `${name} `), value)));
}

/** Returns how far it is, as a bar of what succeeded, failed and was passed over. */
export function progressBar(job) {
  const dealt = job.done + job.failed + job.passed_over;
  const bar = el('div', {
    class: 'progress', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': 0, 'aria-valuemax': job.matched, 'aria-valuenow': dealt,
    'aria-valuetext': `${count(dealt)} of ${count(job.matched)}`,
  });
  for (const part of ['done', 'failed', 'passed_over']) {
    if (!job[part]) continue;
    const piece = el('i', { 'data-part': part });
    piece.style.setProperty('width', `${(100 * job[part]) / Math.max(job.matched, 1)}%`);
    bar.append(piece);
  }
  return bar;
}

export function percent(job) {
  const progress = job.matched === 0 ? 1 : job.progress;
  return `${Math.floor(progress * 100)}%`;
}

/** Returns the failures by category, the most frequent first, each with the first that failed. */
export function failuresTable({ failures, examples }) {
  const entries = largestFirst(failures);
  if (entries.length === 0) return null;
  return section('job-failures', 'Failed, by category', el('table', { class: 'tally whole', 'aria-labelledby': 'job-failures-title' },
    el('tbody', null, entries.map(([category, n]) => el('tr', null,
      el('th', { scope: 'row' }, category.replaceAll('_', ' ')),
      el('td', { class: 'number' }, count(n)),
      el('td', null, examples?.[category] && [invocationLink(examples[category].id), ' ', el('span', { class: 'hint' }, shortened(examples[category]))]))))));
}

function shortened({ id, message }) {
  return String(message ?? '').replace(`invocation ${id}`, 'it');
}

function largestFirst(counts) {
  return Object.entries(counts ?? {}).sort(([, a], [, b]) => b - a);
}

/** Returns counts by their name, the largest first. */
export function tally(counts, caption) {
  const entries = largestFirst(counts);
  if (entries.length === 0) return null;
  return el('table', { class: 'tally' }, el('caption', null, caption),
    el('tbody', null, entries.map(([name, n]) => el('tr', null, el('th', { scope: 'row' }, name.replaceAll('_', ' ')), el('td', { class: 'number' }, count(n))))));
}
