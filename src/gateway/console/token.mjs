// The bearer token: asked for where the gateway wants one, kept for this tab alone,
// sent to the gateway and nowhere else.
import { el, labelled } from './dom.mjs';

const KEY = 'restate_admin.token';

let token = stored();
let asking = null;
let isDeclined = false;

function stored() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(value) {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // it is kept in memory
  }
}

export function currentToken() {
  return token;
}

export function forgetToken() {
  keep(null);
}

/**
 * Asks for the token, once for all who want it at the same time, and not again of
 * who would not give it.  Returns a promise of whether one was given.
 */
export async function askForToken(refused) {
  if (isDeclined) return false;
  asking ??= dialogFor(refused).finally(() => { asking = null; });
  return asking;
}

function dialogFor(refused) {
  return new Promise((resolve) => {
    const input = el('input', { type: 'password', name: 'token', autocomplete: 'off', required: true, autofocus: true });
    const dialog = el('dialog', { class: 'ask', 'aria-labelledby': 'token-title' },
      el('form', { method: 'dialog' },
        el('h2', { id: 'token-title' }, 'This gateway asks for a token'),
        refused && el('p', { class: 'problem', role: 'alert' }, 'The gateway refuses that token.'),
        labelled('Bearer token', input, 'Kept for this tab until it is closed, and sent to this gateway alone.'),
        el('div', { class: 'actions' },
          el('button', { type: 'button', onclick: () => dialog.close('') }, 'Not now'),
          el('button', { class: 'primary', value: 'given' }, 'Use it'))));
    dialog.addEventListener('close', () => {
      const given = dialog.returnValue === 'given' && input.value.trim() !== '';
      if (given) keep(input.value.trim());
      isDeclined = !given;
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
