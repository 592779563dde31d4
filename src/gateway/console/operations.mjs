// What can be done to an invocation: what each operation would do now, asked for again
// and confirmed before it is done.
import { el, labelled, show } from './dom.mjs';
import { get, path, reasonHeader, send } from './api.mjs';
import { deploymentChoice } from './deployment_choice.mjs';
import { confirmed } from './confirm.mjs';
import { counted } from './format.mjs';
import { badge, copyable, invocationLink, problem, say, section } from './parts.mjs';

const SHOWN = 20;

/* modes of a delete are the same operations by another name, and not shown */
const OPERATIONS = {
  cancel: {
    words: 'Cancel', danger: true,
    undo: 'It cannot be taken back: the handler sees the cancellation and may undo what it did. What has not started is removed.',
  },
  kill: {
    words: 'Kill', danger: true,
    undo: 'It cannot be taken back: it ends at once, with its callees, and nothing is compensated. Once killed it can be restarted as new for as long as its journal is kept.',
  },
  pause: { words: 'Pause', undo: 'Resume undoes it.' },
  resume: { words: 'Resume', undo: 'Pause undoes it. On another deployment it stays there.', onDeployment: true },
  purge_journal: {
    words: 'Purge journal', danger: true,
    undo: 'It cannot be undone: without its journal it cannot be restarted, and its steps cannot be read.',
  },
  purge: {
    words: 'Purge', danger: true,
    undo: 'It cannot be undone: its result and its journal are gone, of a workflow its state too. The audit keeps that it was there.',
  },
};

/**
 * Returns the section of operations.  restart: what the button of a restart calls;
 * changed: called when something was done.
 */
export function operationsSection(explanation, { restart, changed }) {
  const rows = Object.keys(OPERATIONS).map((operation) => explanation.operations.find((one) => one.operation === operation && !one.mode)).filter(Boolean);
  // that is of a restart from 0 on the latest: from elsewhere or on another it may work
  const restarted = explanation.operations.find((one) => one.operation === 'restart_as_new');
  return section('operations', 'What can be done',
    el('ul', { class: 'operations' },
      restarted && operationRow('Restart…', explanation, restarted, restart, 'op-restart', explanation.status === 'completed'),
      rows.map((judgement) => {
        const { words } = OPERATIONS[judgement.operation];
        return operationRow(`${words}…`, explanation, judgement, () => ask(explanation, judgement.operation, changed), `op-${judgement.operation}`);
      })));
}

function operationRow(words, explanation, { ok, outcome, message, category }, onclick, id, mayAsk = false) {
  return el('li', null,
    el('button', { id, type: 'button', disabled: !ok && !mayAsk, 'aria-describedby': `${id}-verdict`, onclick }, words),
    el('span', { id: `${id}-verdict`, class: ok ? 'verdict' : 'verdict no' }, ok ? `would be ${outcome}` : [message.replace(`invocation ${explanation.id}`, 'it'), ' ', el('code', null, category)]));
}

/** Asks for an operation: what else it reaches, whether it can be undone, why. */
async function ask(explanation, operation, changed) {
  const { words, danger = false, undo, onDeployment } = OPERATIONS[operation];
  const reach = el('div', { class: 'reach', 'aria-live': 'polite' }, el('p', { class: 'hint' }, 'Asking what it reaches…'));
  const deployment = onDeployment ? await deploymentChoice(explanation, 'confirm-deployment', 'keep') : null;
  const answer = await confirmed({
    title: `${words} ${explanation.target}?`,
    content: [
      el('p', { class: 'pair' }, copyable(explanation.id, { whole: true }), badge(explanation.status, explanation.result?.result)),
      deployment && labelled('On the deployment', deployment),
      reach,
    ],
    undo,
    danger,
    verb: words,
    ready: async (setVerb) => {
      let rows;
      try {
        ({ rows } = await get(path(['admin', 'invocations', explanation.id, 'dry-run'], { operation })));
      } catch (error) {
        // what it reaches cannot be told, which keeps nobody from doing it
        show(reach, problem(error));
        return;
      }
      const others = rows.filter((row) => row.ordinality === null || row.ordinality === undefined);
      show(reach, reached(rows.find((row) => row.ordinality === 1), others));
      setVerb(others.length > 0 ? `${words} it, and change ${counted(others.length, 'other')}` : words);
    },
    run: (reason) => send('PATCH', path(['invocations', explanation.id, operation.replace('_', '-')], { deployment: deployment?.value === 'keep' ? '' : deployment?.value }), { headers: reasonHeader(reason) }),
  });
  if (!answer) return;
  say(`${words}: done.`);
  await changed(operation);
}

/** Returns what a dry run says of it and of the others that change. */
function reached(own, others) {
  const content = [];
  if (own && !own.ok) content.push(el('p', { class: 'problem' }, `It would be refused now: ${own.message}.`));
  else if (own) content.push(el('p', null, 'It would be ', el('strong', null, own.outcome), '.'));
  if (others.length === 0) content.push(el('p', null, 'No other invocation changes.'));
  else {
    const outcomes = groups(others);
    content.push(
      el('p', { id: 'reached' }, counted(others.length, 'other invocation'), ` ${others.length === 1 ? 'changes' : 'change'} too: `, outcomes.map(([outcome, rows]) => `${rows.length} ${outcome}`).join(', '), '.'),
      el('ul', { class: 'plain' }, others.slice(0, SHOWN).map((row) => el('li', null, invocationLink(row.id), ` ${row.outcome}`)),
        others.length > SHOWN && el('li', { class: 'hint' }, `and ${others.length - SHOWN} more`)));
  }
  return content;
}

function groups(rows) {
  const found = new Map();
  for (const row of rows) found.set(row.outcome, [...found.get(row.outcome) ?? [], row]);
  return [...found];
}
