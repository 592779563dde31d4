// A new bulk job: what it would do is counted first, then it is started.
import { choice, el, labelled, show } from './dom.mjs';
import { send } from './api.mjs';
import { confirmed } from './confirm.mjs';
import { bulkFilter, filterOf } from './filters.mjs';
import { deploymentWords, filterFields, filterIn, knownNames } from './filter_form.mjs';
import { count, counted } from './format.mjs';
import { filterWords, operationWords, tally } from './job_words.mjs';
import { problem, section } from './parts.mjs';
import { link } from './router.mjs';

const OPERATIONS = {
  cancel: { danger: true, undo: 'It cannot be taken back: handlers see the cancellation and may undo what they did.' },
  kill: { danger: true, undo: 'It cannot be taken back: they end at once, with their callees, and nothing is compensated.' },
  pause: { undo: 'A job of resume undoes it.' },
  resume: { undo: 'A job of pause undoes it.' },
  restart_as_new: { undo: 'The originals stay as they are. The new invocations can be cancelled, killed or purged; what they do until then stays done.' },
  purge_journal: { danger: true, undo: 'It cannot be undone: without their journals they cannot be restarted.' },
  purge: { danger: true, undo: 'It cannot be undone: their results and journals are gone.' },
};
/* the options that an operation takes */
const OPTIONS = { restart_as_new: ['from', 'at', 'deployment'], resume: ['deployment'] };

export function newJobPage(parameters) {
  return async (into) => {
    const names = await knownNames();
    const options = el('div', { class: 'options' });
    const counts = el('div', { id: 'counts', 'aria-live': 'polite' });
    const all = el('input', { type: 'checkbox', name: 'all', id: 'job-all' });
    const operation = choice({ name: 'operation', id: 'job-operation' }, Object.keys(OPERATIONS).map((name) => [name, name.replaceAll('_', ' ')]), parameters.get('operation') ?? 'cancel');
    const form = el('form', { class: 'find', id: 'job-form', 'aria-label': 'Bulk job', onsubmit: dryRun },
      el('div', { class: 'filters' }, labelled('Operation', operation), options),
      filterFields(filterOf(parameters), names),
      el('label', { class: 'check' }, all, ' Every invocation there is, whatever the filter says'),
      el('div', { class: 'actions' }, el('button', { class: 'primary', id: 'job-count' }, 'Count what it would do')));

    operation.addEventListener('change', drawOptions);
    form.addEventListener('input', forget);
    drawOptions();
    show(into, el('h1', null, 'New bulk job'), el('p', { class: 'hint' }, 'One operation on all that the filter matches, in batches. Counting changes nothing.'), form, counts);

    function drawOptions() {
      const wanted = OPTIONS[operation.value] ?? [];
      show(options,
        wanted.includes('from') && labelled('From entry', el('input', { name: 'from', type: 'number', min: 0, placeholder: '0' })),
        wanted.includes('at') && labelled('or from where', el('input', { name: 'at', autocomplete: 'off', placeholder: 'last_failure, name:NAME' })),
        wanted.includes('deployment') && labelled('On', choice({ name: 'on' }, [
          ['', operation.value === 'resume' ? 'the one that each is pinned to' : 'the latest'], ...(operation.value === 'resume' ? [['latest', 'the latest']] : [['keep', 'the one that each is pinned to']]),
          ...names.deployments.map((deployment) => [deployment.id, deploymentWords(deployment)])], '')));
      forget();
    }

    function forget() {
      if (counts.childElementCount > 0) show(counts);
      for (const control of form.querySelector('fieldset.filters').elements) control.disabled = all.checked;
    }

    /** Returns the job that the form describes. */
    function wanted() {
      const data = new FormData(form);
      const given = {
        from: data.get('from') ? Number(data.get('from')) : undefined, at: data.get('at')?.trim() || undefined, deployment: data.get('on') || undefined,
      };
      return {
        operation: operation.value,
        filter: all.checked ? { all: true } : bulkFilter(filterIn(form)),
        options: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      };
    }

    async function dryRun(event) {
      event.preventDefault();
      const job = wanted();
      counts.setAttribute('aria-busy', 'true');
      try {
        const found = await send('POST', 'admin/bulk-jobs', { body: { ...job, options: { ...job.options, dry_run: true } } });
        show(counts, countsOf(job, found));
      } catch (error) {
        show(counts, problem(error));
      }
      counts.removeAttribute('aria-busy');
    }

    function countsOf(job, found) {
      return section('dry-run', 'What it would do now',
        el('p', { class: 'big' }, el('strong', null, counted(found.matched, 'invocation')), ' match: ',
          el('strong', null, count(found.done)), ' would be done', found.failed > 0 && [', ', el('strong', { class: 'failure' }, count(found.failed)), ' refused'], '.'),
        el('div', { class: 'tallies' }, tally(found.outcomes, 'Done, by outcome'), tally(found.failures, 'Refused, by category')),
        el('div', { class: 'actions' }, el('button', { type: 'button', id: 'job-start', class: OPERATIONS[job.operation].danger ? 'danger' : 'primary', disabled: found.done === 0, onclick: () => start(job, found) }, 'Start the job…')));
    }

    async function start(job, found) {
      const { danger = false, undo } = OPERATIONS[job.operation];
      const answer = await confirmed({
        title: `Start: ${operationWords(job)}?`,
        content: [el('p', null, 'On ', el('strong', null, counted(found.matched, 'invocation')), ': ', filterWords(job.filter)), found.failed > 0 && el('p', { class: 'hint' }, `${count(found.failed)} of them would be refused, and stay as they are.`)],
        undo: `${undo} The job can be paused and aborted; what it has done by then stays done.`,
        danger,
        verb: `${operationWords({ operation: job.operation })} ${count(found.matched)}`,
        reasonIn: 'body',
        run: (reason) => send('POST', 'admin/bulk-jobs', { body: { ...job, ...(reason ? { reason } : {}) } }),
      });
      if (answer) location.hash = link(['jobs', answer.value.job]);
    }
  };
}
