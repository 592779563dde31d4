// Asks before something is done: what, to how many, whether it can be undone, and why.
import { add, el, labelled, show } from './dom.mjs';
import { gatewaySettings } from './api.mjs';
import { problem } from './parts.mjs';

/**
 * Opens a dialog.  title; content: nodes that say what will be; undo: what can be
 * undone; verb: what the button says, changed by setVerb, which run is handed; danger:
 * whether it destroys, so that a reason is asked for where one can be recorded;
 * reasonIn: body where the request itself carries the reason, header where the gateway's
 * header does; run(reason): does it.  What fails is shown, and may be tried again.
 * Returns a promise of what run returned, null where it was left.
 */
export async function confirmed({ title, content, undo, verb, danger = false, reasonIn = 'header', ready, run }) {
  const { reason_header: header } = await gatewaySettings();
  const records = reasonIn === 'body' || header !== null;

  return new Promise((resolve) => {
    let result = null;
    const reason = el('input', { name: 'reason', id: 'confirm-reason', required: danger, autocomplete: 'off', maxlength: 500 });
    const button = el('button', { class: danger ? 'danger' : 'primary', id: 'confirm-do' }, verb);
    const faults = el('div', { 'aria-live': 'assertive' });
    const dialog = el('dialog', { class: 'ask', 'aria-labelledby': 'confirm-title' },
      el('form', { method: 'dialog', onsubmit: submit },
        el('h2', { id: 'confirm-title' }, title),
        content,
        undo && el('p', { class: 'undo' }, undo),
        records
          ? labelled(danger ? 'Reason, for the audit' : 'Reason, for the audit (may be empty)', reason)
          : el('p', { class: 'hint' }, 'No reason is recorded: the gateway was started without --reason-header.'),
        faults,
        el('div', { class: 'actions' },
          el('button', { type: 'button', id: 'confirm-leave', onclick: () => dialog.close() }, 'Leave it'),
          button)));

    async function submit(event) {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      dialog.setAttribute('aria-busy', 'true');
      show(faults);
      try {
        result = { value: await run(reason.value.trim()) };
        dialog.close();
      } catch (error) {
        add(faults, problem(error), error.isUnknown && el('p', { class: 'hint' }, 'It may have been done all the same. It can be tried again without harm.'));
        button.disabled = false;
      }
      dialog.removeAttribute('aria-busy');
    }
    dialog.addEventListener('cancel', (event) => {
      if (dialog.hasAttribute('aria-busy')) event.preventDefault();
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (records) reason.focus();
    else document.getElementById('confirm-leave').focus();
    if (ready) {
      button.disabled = true;
      ready((words) => { button.textContent = words; }).then(() => { button.disabled = false; }, (error) => add(faults, problem(error)));
    }
  });
}
