// What the gateway says of a restart, in words.
import { el } from './dom.mjs';
import { count, counted } from './format.mjs';
import { copyable } from './parts.mjs';

/** Returns it as one line, for those who listen. */
export function outcomeText(preview) {
  if (!preview.ok) return `refused, ${preview.message}${preview.nearest === null || preview.nearest === undefined ? '' : `; the nearest that works is ${preview.nearest}`}`;
  return `keeps ${counted(preview.copied, 'entry', 'entries')} and ${counted(preview.completions.length, 'completion')} that follow, runs ${counted(preview.runs_again, 'command')} again`;
}

/** Returns it as parts of a page; moveTo, if there is one, is offered the nearest index. */
export function outcomeOf(preview, deployment, moveTo) {
  if (!preview.ok) return refusal(preview, moveTo);
  const { completions } = preview;
  return el('ul', { class: 'fates' },
    el('li', { 'data-fate': 'kept' }, el('strong', null, count(preview.copied)), ' kept', el('span', { class: 'hint' }, preview.from_index === 0 ? 'entry 0' : `entries 0 to ${preview.from_index}`)),
    el('li', { 'data-fate': 'carried' }, el('strong', null, count(completions.length)), completions.length === 1 ? ' completion follows' : ' completions follow', el('span', { class: 'hint' }, completions.length > 0 ? list(completions) : 'none is lacking')),
    el('li', { 'data-fate': 'again' }, el('strong', null, count(preview.runs_again)), preview.runs_again === 1 ? ' command runs again' : ' commands run again',
      el('span', { class: 'hint' }, preview.first_index === null || preview.first_index === undefined ? 'it goes on where that ended'
        : `first ${preview.first_index} ${String(preview.first_type).replace(/^Command: /, '')}${preview.first_name ? ` “${preview.first_name}”` : ''}`)),
    el('li', null, 'on ', el('strong', null, preview.revision === null || preview.revision === undefined ? deployment : `revision ${preview.revision}`),
      el('span', { class: 'hint' }, `begins ${preview.status}`, preview.deployment_id && [' · ', copyable(preview.deployment_id)])));
}

function list(indexes) {
  const shown = indexes.slice(0, 12).join(', ');
  return indexes.length > 12 ? `${shown} and ${indexes.length - 12} more` : `${indexes.length === 1 ? 'entry' : 'entries'} ${shown}`;
}

function refusal(preview, moveTo) {
  const has = (value) => value !== null && value !== undefined;
  return el('div', { class: 'refused' },
    el('p', { class: 'problem' }, el('strong', null, 'Not from here: '), `${preview.message}. `, el('code', null, preview.category)),
    has(preview.lacking_index) && el('p', null, `Entry ${preview.lacking_index}, ${String(preview.lacking_type).replace(/^Command: /, '')}${preview.lacking_name ? ` “${preview.lacking_name}”` : ''}, has no completion.`),
    preview.hint && el('p', { class: 'hint' }, preview.hint),
    moveTo && (has(preview.nearest)
      ? el('button', { type: 'button', id: 'restart-nearest', onclick: () => moveTo(preview.nearest) }, `Move the mark to ${preview.nearest}, the nearest that works`)
      : el('p', { class: 'hint' }, 'No index works.')));
}
