// A restart to look at before it is made: a mark that is moved along the journal, and
// what the gateway says of a restart from there.
import { el, labelled, show } from './dom.mjs';
import { get, newKey, path, reasonHeader, Refused, send } from './api.mjs';
import { confirmed } from './confirm.mjs';
import { deploymentChoice } from './deployment_choice.mjs';
import { inWords } from './entry.mjs';
import { clearFates, showFates } from './fates.mjs';
import { restartMark } from './mark.mjs';
import { outcomeOf, outcomeText } from './outcome.mjs';
import { invocationLink, problem, say } from './parts.mjs';
import { link, renamePlace } from './router.mjs';

const PAUSE = 80;
const KNOWN = 200;

/**
 * Opens the panel and the mark in a journal.  Returns what closes them.  from and
 * deployment: where it begins; closed, restarted: called when that has happened.
 */
export async function restartPanel(into, { explanation, journal, from, deployment, closed, restarted }) {
  const { id } = explanation;
  const last = Math.max(explanation.journal_size - 1, 0);
  const known = new Map();
  const select = await deploymentChoice(explanation, 'restart-deployment', deployment ?? 'latest');
  const number = el('input', { id: 'restart-from', type: 'number', min: 0, max: last, step: 1, inputmode: 'numeric' });
  const outcome = el('div', { id: 'restart-outcome', class: 'outcome', 'aria-live': 'polite' });
  const button = el('button', { id: 'restart-do', type: 'button', class: 'primary', disabled: true, onclick: restart }, 'Restart as new…');
  const mark = restartMark(journal, { last, moved: (index) => move(index) });
  let index = Math.min(Math.max(from ?? 0, 0), last);
  let preview = null;
  let timer = null;
  let aborter = null;

  show(into, el('div', { class: 'restart', role: 'group', 'aria-labelledby': 'restart-title' },
    el('div', { class: 'restart-head' },
      el('h3', { id: 'restart-title' }, 'Restart as new'),
      labelled('behind entry', number),
      labelled('on', select),
      el('span', { class: 'points' },
        el('span', { class: 'hint' }, 'to the'),
        el('button', { type: 'button', id: 'point-failure', title: 'Before what failed last', onclick: () => moveTo('last_failure') }, 'last failure'),
        el('button', { type: 'button', id: 'point-completed', title: 'Behind what completed last', onclick: () => moveTo('last_completed') }, 'last completed'))),
    el('div', { class: 'restart-say' },
      outcome,
      el('div', { class: 'actions' }, button,
        el('button', { type: 'button', id: 'restart-close', onclick: close }, 'Close'),
        el('span', { class: 'hint keys' }, 'Drag the mark, click a row, or press ↑ ↓ PgUp PgDn Home End on it.')))));
  number.addEventListener('change', () => move(Number(number.value)));
  select.addEventListener('change', () => { ask(); });
  journal.ondraw = () => { mark.place(index); if (preview) showFates(journal, preview); };
  await move(index, { isFirst: true });

  /** Moves the mark; what a restart from there does is asked for once it rests. */
  async function move(to, { isFirst = false } = {}) {
    if (!Number.isFinite(to)) return;
    index = Math.min(Math.max(Math.round(to), 0), last);
    number.value = index;
    if (!journal.rowOf(index) && journal.hasMore) await journal.loadUpTo(index);
    mark.place(index);
    mark.say(wordsOfEntry(index));
    if (!isFirst) rename();
    await ask();
  }

  function wordsOfEntry(at) {
    const entry = journal.entries.find((one) => one.index === at);
    return `behind entry ${entry ? inWords(entry) : at}`;
  }

  function rename() {
    renamePlace(link(['invocation', id], { from: index, deployment: select.value === 'latest' ? '' : select.value }));
  }

  function ask() {
    const key = `${index} ${select.value}`;
    const at = index;
    clearTimeout(timer);
    aborter?.abort();
    rename();
    if (known.has(key)) {
      tell(known.get(key), at);
      return;
    }
    button.disabled = true;
    outcome.setAttribute('aria-busy', 'true');
    timer = setTimeout(async () => {
      aborter = new AbortController();
      try {
        const answer = await get(path(['admin', 'invocations', id, 'preview-restart'], { from: at, deployment: select.value }), aborter.signal);
        if (known.size > KNOWN) known.clear();
        known.set(key, answer);
        if (key === `${index} ${select.value}`) tell(answer, at);
      } catch (error) {
        if (error.name === 'AbortError') return;
        preview = null;
        outcome.removeAttribute('aria-busy');
        clearFates(journal);
        show(outcome, problem(error));
      }
    }, PAUSE);
  }

  function tell(answer, at) {
    preview = answer;
    outcome.removeAttribute('aria-busy');
    button.disabled = !answer.ok;
    showFates(journal, answer);
    mark.say(`${wordsOfEntry(at)}: ${outcomeText(answer)}`, answer.ok);
    show(outcome, outcomeOf(answer, select.value, (nearest) => { move(nearest); mark.element.focus(); }));
  }

  async function moveTo(point) {
    try {
      const { from: found } = await get(path(['admin', 'invocations', id, 'restart-point'], { at: point }));
      await move(found);
      mark.show();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      show(outcome, problem(error));
    }
  }

  /** Makes the restart.  Its key stays the same however often one dialog tries it. */
  async function restart() {
    const [at, on, key] = [index, select.value, newKey()];
    const answer = await confirmed({
      title: `Restart ${explanation.target} as new?`,
      content: outcomeOf(preview, on),
      undo: 'The original stays as it is. The new invocation can be cancelled, killed or purged; what its steps do elsewhere until then stays done.',
      verb: 'Restart as new',
      run: (reason) => send('PATCH', path(['invocations', id, 'restart-as-new'], { from: at, deployment: on }), { headers: { 'idempotency-key': key, ...reasonHeader(reason) } }),
    });
    if (!answer) return;
    const made = answer.value.new_invocation_id;
    say('Restarted as ', invocationLink(made));
    show(outcome, el('p', { class: 'made' }, 'Restarted as ', invocationLink(made, { whole: true }), '.'));
    button.disabled = true;
    restarted(made);
  }

  function close() {
    clearTimeout(timer);
    aborter?.abort();
    mark.remove();
    clearFates(journal);
    journal.ondraw = null;
    show(into);
    renamePlace(link(['invocation', id]));
    closed();
  }
  return { close, move, focus: () => mark.show(true) };
}
