// Small things that every page shows alike.
import { el } from './dom.mjs';
import { capital, shortId } from './format.mjs';
import { link } from './router.mjs';
import { Refused } from './api.mjs';

/** Returns an id that leads to its invocation, and a button that copies it. */
export function invocationLink(id, { whole = false } = {}) {
  if (!id) return null;
  return el('span', { class: 'id' }, el('a', { href: link(['invocation', id]), title: id }, whole ? id : shortId(id)), copyButton(id));
}

/** Returns an id, and a button that copies it. */
export function copyable(id, { whole = false } = {}) {
  return el('span', { class: 'id' }, el('span', { title: id }, whole ? id : shortId(id)), copyButton(id));
}

export function copyButton(text) {
  const button = el('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${text}`, title: 'Copy', onclick: copy });
  async function copy() {
    const done = await copied(text);
    button.classList.toggle('done', done);
    setTimeout(() => button.classList.remove('done'), 1500);
    say(done ? 'Copied.' : 'The browser does not let the page copy.');
  }
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // there is no clipboard but where the page came over TLS or from this machine
    const area = el('textarea', { class: 'unseen' });
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** Returns a status as a word with its colour; of what has completed, how. */
export function badge(status, result) {
  if (!status) return el('span', { class: 'badge', 'data-status': 'gone' }, 'gone');
  const shown = status === 'completed' && result ? { success: 'succeeded', failure: 'failed' }[result] ?? result : status;
  return el('span', { class: 'badge', 'data-status': shown }, shown);
}

/** Returns an error in words. */
export function problem(error) {
  const code = error instanceof Refused ? error.code : error.name;
  return el('p', { class: 'problem', role: 'alert' }, wordsOf(error), ' ', el('code', null, code));
}

function wordsOf(error) {
  if (!(error instanceof Refused)) return `The page failed: ${error.message}.`;
  if (error.code === 'unreachable') return 'The gateway does not answer. It may have been stopped, or the network is gone.';
  if (error.code === 'unauthorized') return 'This needs the token. Reload the page to give it.';
  const text = error.message;
  return `${capital(text)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** Says something to those who listen to the page and shows it for a while. */
export function say(...content) {
  const notices = document.getElementById('notices');
  const notice = el('div', { class: 'notice' }, el('span', null, ...content),
    el('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss', onclick: () => notice.remove() }, '×'));
  notices.append(notice);
  while (notices.childElementCount > 3) notices.firstElementChild.remove();
  setTimeout(() => notice.remove(), 12000);
}

/** Returns a line that says that there is nothing, or not yet. */
export function nothing(...words) {
  return el('p', { class: 'nothing' }, ...words);
}

/** Returns a section with a heading, which is named after it. */
export function section(id, heading, ...content) {
  return el('section', { id, 'aria-labelledby': `${id}-title`, class: 'card' },
    el('h2', { id: `${id}-title` }, heading), ...content);
}
