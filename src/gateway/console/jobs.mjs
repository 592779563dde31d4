// The list of bulk jobs.
import { el, show } from './dom.mjs';
import { get } from './api.mjs';
import { count, time } from './format.mjs';
import { badge, nothing, problem } from './parts.mjs';
import { filterWords, operationWords, percent, progressBar } from './job_words.mjs';
import { link } from './router.mjs';
import { poll } from './poll.mjs';

const EVERY = 3000;

export function jobsPage() {
  return async (into, signal) => {
    const list = el('div', { id: 'jobs' });
    let last = null;
    show(into,
      el('div', { class: 'headline' }, el('h1', null, 'Bulk jobs'), el('a', { class: 'button primary push', id: 'new-job', href: '#/jobs/new' }, 'New job')),
      list);
    await refresh();
    return isRunning() ? poll(async () => {
      await refresh();
      return isRunning();
    }, EVERY) : null;

    function isRunning() {
      return last?.some((job) => job.state === 'running');
    }

    async function refresh() {
      try {
        const { rows } = await get('admin/bulk-jobs', signal);
        if (JSON.stringify(rows) !== JSON.stringify(last)) show(list, rows.length === 0 ? nothing('There are none. A job does one operation to all that a filter matches, in batches.') : table(rows));
        last = rows;
      } catch (error) {
        if (signal.aborted || last !== null) throw error;
        show(list, error.code === 'route_not_found' ? nothing('This gateway has no bulk jobs.') : problem(error));
      }
    }
  };
}

function table(jobs) {
  return el('table', { class: 'rows jobs', 'aria-label': 'Bulk jobs' },
    el('thead', null, el('tr', null, ['State', 'Operation', 'Filter', 'Progress', 'Failed', 'Started, UTC', 'By'].map((words) => el('th', { scope: 'col' }, words)))),
    el('tbody', null, jobs.map((job) => el('tr', null,
      el('td', null, badge(job.state)),
      el('td', null, el('a', { href: link(['jobs', job.job]) }, operationWords(job))),
      el('td', { class: 'wide' }, filterWords(job.filter)),
      el('td', { class: 'wide' }, progressBar(job), el('span', { class: 'hint number' }, `${percent(job)} of ${count(job.matched)}`)),
      el('td', { class: job.failed > 0 ? 'number failure' : 'number' }, count(job.failed)),
      el('td', { class: 'number' }, time(job.created_at)),
      el('td', null, job.claimed_subject ?? job.role_name, job.reason && el('span', { class: 'hint' }, ` “${job.reason}”`))))));
}
