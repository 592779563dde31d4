// The page of one invocation.
import { el, show } from './dom.mjs';
import { get, path } from './api.mjs';
import { family, lineageOf } from './family.mjs';
import { headline, standing } from './explain.mjs';
import { timeline } from './journal.mjs';
import { operationsSection } from './operations.mjs';
import { problem } from './parts.mjs';
import { poll } from './poll.mjs';
import { restartPanel } from './restart.mjs';

const EVERY = 3000;
const LONG = 30;

/** Returns what fills the page; from and deployment in a link open the mark there. */
export function invocationPage(id, parameters) {
  return async (into, signal) => {
    const page = new InvocationPage(id, into, signal);
    if (!await page.begin()) return null;
    if (parameters.has('from')) await page.openRestart(Number(parameters.get('from')), parameters.get('deployment'));
    return page.watch();
  };
}

class InvocationPage {
  constructor(id, into, signal) {
    this.id = id;
    this.into = into;
    this.signal = signal;
    this.head = el('div');
    this.about = el('div', { class: 'side' });
    this.relatives = el('div', { class: 'relatives' });
    this.restartAt = el('div', { class: 'restart-place' });
    this.journal = timeline(id);
    this.panel = null;
    this.isGone = false;
    this.seen = '';
  }

  /** Reads and shows all of it.  Returns false where there is no such invocation. */
  async begin() {
    try {
      this.explanation = await this.explain();
    } catch (error) {
      if (this.signal.aborted) throw error;
      this.isGone = error.code === 'invocation_not_found';
      show(this.into, el('h1', null, 'Invocation'), el('p', { class: 'id whole' }, this.id), problem(error));
      // the audit may know of it
      if (this.isGone) await lineageOf(this.id, this.signal).then((tree) => this.into.append(tree), () => {});
      return false;
    }
    // beside a long journal the relatives are nearer than behind it
    const isLong = this.explanation.journal_size > LONG;
    show(this.into, this.head, el('div', { class: 'columns' },
      el('div', { class: 'side' },
        el('section', { id: 'journal', class: 'card', 'aria-labelledby': 'journal-title' }, el('h2', { id: 'journal-title' }, 'Journal'), this.restartAt, this.journal.element),
        !isLong && this.relatives),
      el('div', { class: 'side about' }, this.about, isLong && this.relatives)));
    this.draw();
    await Promise.all([
      this.journal.load(this.signal).catch((error) => this.failed(this.journal.element, error)),
      family(this.relatives, this.id, this.signal).catch((error) => this.failed(this.relatives, error)),
    ]);
    return true;
  }

  failed(where, error) {
    if (this.signal.aborted) throw error;
    show(where, problem(error));
  }

  explain() {
    return get(path(['admin', 'invocations', this.id, 'explain']), this.signal);
  }

  draw() {
    const { at, ...timeless } = this.explanation;
    this.seen = JSON.stringify(timeless);
    show(this.head, headline(this.explanation));
    show(this.about,
      standing(this.explanation),
      operationsSection(this.explanation, { restart: () => this.openRestart(null, null), changed: (operation) => this.refresh(operation) }));
  }

  /** Shows what has changed. */
  async refresh(operation = null) {
    const before = this.explanation;
    try {
      this.explanation = await this.explain();
    } catch (error) {
      if (error.code !== 'invocation_not_found') throw error;
      this.panel?.close();
      await this.begin();
      return;
    }
    const { at, ...timeless } = this.explanation;
    if (JSON.stringify(timeless) !== this.seen) this.draw();
    if (operation || this.explanation.journal_size !== before.journal_size) await this.journal.load(this.signal);
    if (operation || this.explanation.status !== before.status || this.explanation.journal_commands_size !== before.journal_commands_size) await family(this.relatives, this.id, this.signal);
    if (operation) this.watch();
  }

  /** Asks again for as long as it has not completed.  Returns what stops that. */
  watch() {
    this.stop?.();
    if (this.explanation.status === 'completed') return null;
    this.stop = poll(async () => {
      if (!document.querySelector('dialog[open]')) await this.refresh();
      return !this.isGone && this.explanation.status !== 'completed';
    }, EVERY);
    this.signal.addEventListener('abort', this.stop, { once: true });
    return () => this.stop();
  }

  async openRestart(from, deployment) {
    const judgement = this.explanation.operations.find((one) => one.operation === 'restart_as_new');
    // of one that has not completed each index is refused, for the same reason
    if (from !== null && this.explanation.status !== 'completed' && !judgement?.ok) return;
    this.panel?.close();
    this.panel = await restartPanel(this.restartAt, {
      explanation: this.explanation,
      journal: this.journal,
      from,
      deployment,
      closed: () => {
        this.panel = null;
        document.getElementById('op-restart')?.focus();
      },
      restarted: () => { family(this.relatives, this.id, this.signal).catch(() => {}); },
    });
    if (from === null) this.panel.focus();
  }
}
