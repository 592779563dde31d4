// The list of invocations: what is stuck first, then what the filter asks for.
import { el, show } from './dom.mjs';
import { query } from './api.mjs';
import { condition, filterOf } from './filters.mjs';
import { filterFields, filterIn, knownNames } from './filter_form.mjs';
import { count, time } from './format.mjs';
import { badge, invocationLink, nothing, problem } from './parts.mjs';
import { link } from './router.mjs';
import { stuckSection } from './stuck.mjs';

const PAGE = 50;
const MOST = 1000;

/** Returns what fills the page for the parameters of a link. */
export function findPage(parameters) {
  return async (into, signal) => {
    const filter = filterOf(parameters);
    const results = el('div', { id: 'results' });
    const stuck = el('div');

    show(into, el('h1', null, 'Find invocations'), await filterForm(filter), stuck, results);
    const [marked] = await Promise.all([
      stuckSection(stuck, filter, signal),
      showResults(results, filter, PAGE, signal),
    ]);
    mark(results, marked);
  };
}

async function filterForm(filter) {
  const form = el('form', { class: 'find', 'aria-label': 'Filter', onsubmit: submit },
    filterFields(filter, await knownNames()),
    el('div', { class: 'actions' },
      el('button', { class: 'primary', id: 'find-do' }, 'Find'),
      el('a', { class: 'button', href: link(['find'], { status: 'in-flight' }) }, 'In flight'),
      el('a', { class: 'button', href: '#/find' }, 'Clear'),
      el('span', { class: 'push' }),
      el('a', { class: 'button', href: link(['jobs', 'new'], filter), id: 'to-job' }, 'Bulk job with this filter')));

  function submit(event) {
    event.preventDefault();
    const next = link(['find'], filterIn(form));
    if (location.hash === next) window.dispatchEvent(new HashChangeEvent('hashchange'));
    else location.hash = next;
  }
  return form;
}

/** Returns the query of the list, for one row more than are shown. */
export function listQuery(filter, limit) {
  const where = condition(filter);
  return `SELECT id, target, status, completion_result, coalesce(completion_failure, CASE WHEN completed_at IS NULL THEN last_failure END) AS failure,
  retry_count, created_at, modified_at, completed_at, pinned_deployment_id, restarted_from
FROM sys_invocation${where && `\nWHERE ${where}`}
ORDER BY created_at DESC, id LIMIT ${limit + 1}`;
}

async function showResults(into, filter, limit, signal) {
  into.setAttribute('aria-busy', 'true');
  let rows;
  try {
    rows = await query(listQuery(filter, limit), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    show(into, el('h2', null, 'Invocations'), problem(error));
    return;
  } finally {
    into.removeAttribute('aria-busy');
  }
  const hasMore = rows.length > limit;
  const shown = rows.slice(0, limit);
  show(into,
    el('h2', { id: 'results-title' }, 'Invocations ',
      el('span', { class: 'count', id: 'results-count' }, hasMore ? `the newest ${count(limit)}; there are more` : count(shown.length))),
    shown.length === 0
      ? nothing('None matches. ', Object.keys(filter).length > 0 && el('a', { href: '#/find' }, 'Ask for less'))
      : table(shown),
    hasMore && (limit < MOST
      ? el('button', { id: 'more', onclick: () => more(into, filter, limit, signal) }, `Show the newest ${count(next(limit))}`)
      : nothing(`More than ${count(MOST)} are not shown: narrow the filter.`)));
}

function next(limit) {
  return limit === PAGE ? 250 : MOST;
}

async function more(into, filter, limit, signal) {
  const marked = marks(into);
  await showResults(into, filter, next(limit), signal);
  mark(into, marked);
  (document.getElementById('more') ?? document.getElementById('results-title')).scrollIntoView({ block: 'nearest' });
}

function table(rows) {
  return el('table', { class: 'rows found', 'aria-labelledby': 'results-title' },
    el('thead', null, el('tr', null, ['Status', 'Target', 'Invocation', 'Created, UTC', 'Changed, UTC', 'Failure'].map((words) => el('th', { scope: 'col' }, words)))),
    el('tbody', null, rows.map((row) => el('tr', { 'data-id': row.id },
      el('td', null, badge(row.status, row.completion_result)),
      el('td', { class: 'target', title: row.target }, row.target),
      el('td', null, invocationLink(row.id)),
      el('td', { class: 'number' }, time(row.created_at)),
      el('td', { class: 'number' }, time(row.completed_at ?? row.modified_at)),
      el('td', { class: 'failure', title: row.failure ?? null },
        row.failure && row.retry_count > 1 && row.status !== 'completed' && el('span', { class: 'hint' }, `${count(row.retry_count)} attempts · `),
        row.failure ?? '')))));
}

/** Marks the rows of what is stuck, and has them come first. */
function mark(into, ids) {
  const body = into.querySelector('tbody');
  if (!body) return;
  const late = [...body.rows].filter((row) => ids.has(row.dataset.id));
  for (const row of late) row.classList.add('stuck');
  body.prepend(...late);
}

function marks(into) {
  return new Set([...into.querySelectorAll('tr.stuck')].map((row) => row.dataset.id));
}
