// The page of one bulk job: how far it is, what failed, and what stops it.
import { el, facts, show } from './dom.mjs';
import { get, path, reasonHeader, send } from './api.mjs';
import { confirmed } from './confirm.mjs';
import { ago, capital, count, counted, span, time } from './format.mjs';
import { badge, copyable, problem, say, section } from './parts.mjs';
import { failuresTable, filterWords, operationWords, percent, progressBar, tally } from './job_words.mjs';
import { poll } from './poll.mjs';

const EVERY = 2000;

export function jobPage(id) {
  return async (into, signal) => {
    const faults = el('div', { 'aria-live': 'assertive' });
    const body = el('div', { class: 'stack narrow' });
    let job = null;
    let stop = () => {};
    show(into, body, faults);
    await refresh();
    watch();
    return () => stop();

    async function refresh() {
      draw(await get(path(['admin', 'bulk-jobs', id]), signal));
    }

    /** Asks again for as long as it runs. */
    function watch() {
      stop();
      if (job.state !== 'running') return;
      stop = poll(async () => {
        await refresh();
        return job.state === 'running';
      }, EVERY);
    }

    function draw(found) {
      if (JSON.stringify(found) === JSON.stringify(job)) return;
      job = found;
      show(body, page(job, act));
    }

    async function act(what) {
      show(faults);
      if (what === 'abort' && !await abortConfirmed(job, (reason) => change(what, reason))) return;
      try {
        if (what !== 'abort') await change(what);
        say(`${{ run: 'A batch is done', pause: 'Paused', resume: 'Resumed', abort: 'Aborted' }[what]}.`);
        watch();
      } catch (error) {
        show(faults, problem(error));
      }
    }

    async function change(what, reason = '') {
      draw(await send('POST', path(['admin', 'bulk-jobs', id, what]), { headers: reasonHeader(reason) }));
    }
  };
}

function page(job, act) {
  const button = (what, words, shown, kind = '') => shown && el('button', { type: 'button', id: `job-${what}`, class: kind, onclick: () => act(what) }, words);
  const isOpen = job.state === 'running' || job.state === 'paused';
  return [
    el('div', { class: 'headline' }, el('h1', null, capital(operationWords(job))), badge(job.state), copyable(job.job, { whole: true })),
    section('job-progress', 'Progress',
      progressBar(job),
      el('p', { class: 'big' }, el('strong', { id: 'job-percent' }, percent(job)), ` of ${counted(job.matched, 'invocation')}`,
        job.seconds_left !== null && job.seconds_left !== undefined && `, about ${span(job.seconds_left * 1000)} left`),
      el('ul', { class: 'counts' },
        figure('done', job.done, 'done'), figure('failed', job.failed, 'failed'),
        figure('passed_over', job.passed_over, 'no longer matched'), figure('remaining', job.remaining, 'to be done')),
      el('div', { class: 'actions' },
        button('pause', 'Pause', job.state === 'running'),
        button('resume', 'Resume', job.state === 'paused', 'primary'),
        button('run', 'Run a batch now', job.state === 'running'),
        button('abort', 'Abort…', isOpen, 'warning')),
      tally(job.outcomes, 'Done, by outcome')),
    failuresTable(job),
    section('job-about', 'About it', facts([
      ['Filter', filterWords(job.filter)],
      ['Reason', job.reason],
      ['By', [job.claimed_subject ?? job.role_name, job.claimed_subject && ` as ${job.role_name}`]],
      ['Created', [time(job.created_at), ' UTC']],
      ['First batch', job.started_at ? [time(job.started_at), ' UTC'] : 'none yet: the clock of a gateway, pg_cron or the button above runs them'],
      ['Batches', job.batches > 0 && [count(job.batches), job.last_batch_at && [', the last ', ago(job.last_batch_at), ` with ${count(job.last_batch_size)}`]]],
      ['Rate', job.rate > 0 && `${count(Math.round(job.rate * 10) / 10)} a second`],
      ['Put off', job.put_off > 0 && `${count(job.put_off)}, which others had locked`],
      ['Next batch', job.next_due_at && [time(job.next_due_at), ' UTC']],
      ['Ended', job.ended_at && [time(job.ended_at), ' UTC']],
    ])),
  ];
}

function figure(part, n, words) {
  return el('li', { 'data-part': part }, el('strong', null, count(n)), ` ${words}`);
}

function abortConfirmed(job, run) {
  return confirmed({
    title: 'Abort the job?',
    content: el('p', null, `${count(job.done)} are done and stay done. `, el('strong', null, count(job.remaining)), ' are left as they are.'),
    undo: 'An aborted job cannot be resumed; another with the same filter goes on where it ended.',
    danger: true,
    verb: 'Abort it',
    run,
  });
}
