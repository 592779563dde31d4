// The controls of a filter, for the list and for bulk jobs alike.
import { choice, el, labelled } from './dom.mjs';
import { get, query } from './api.mjs';
import { FIELDS, filterOf, STATUSES } from './filters.mjs';

let known = null;

/** Returns the services and deployments there are; none where they cannot be read. */
export function knownNames() {
  known ??= Promise.all([
    query('SELECT name FROM sys_service ORDER BY name LIMIT 1000').catch(() => []),
    get('deployments').then((answer) => answer.deployments).catch(() => []),
  ]).then(([services, deployments]) => {
    if (services.length === 0 && deployments.length === 0) known = null;
    return { services: services.map((row) => row.name), deployments };
  });
  return known;
}

/** Returns a deployment in words: where it is, and its id. */
export function deploymentWords(deployment) {
  return `${deployment.uri ?? deployment.arn ?? deployment.endpoint ?? ''} ${deployment.id}`.trim();
}

/** Returns a fieldset of the controls, filled. */
export function filterFields(filter, { services, deployments }) {
  const times = FIELDS.filter((field) => field.isTime);
  const shown = (field) => labelled(field.words, control(field, filter[field.name] ?? '', deployments));
  const list = el('datalist', { id: 'known-services' }, services.map((name) => el('option', { value: name })));
  return el('fieldset', { class: 'filters' },
    el('legend', { class: 'unseen' }, 'Filter'),
    list,
    FIELDS.filter((field) => !field.isTime).map(shown),
    el('details', { class: 'times', open: times.some((field) => filter[field.name]) }, el('summary', null, 'When it was created and completed, UTC'), el('div', { class: 'filters' }, times.map(shown))));
}

function control({ name, isTime }, value, deployments) {
  const attributes = { name, id: `filter-${name}` };
  if (name === 'status') return choice(attributes, STATUSES, value);
  if (name === 'deployment') {
    return choice(attributes, [['', 'any'], ...deployments.map((deployment) => [deployment.id, deploymentWords(deployment)])], value);
  }
  if (isTime) return el('input', { ...attributes, type: 'datetime-local', step: 1, value });
  return el('input', {
    ...attributes, value, autocomplete: 'off', spellcheck: 'false', list: name === 'service' ? 'known-services' : null,
  });
}

/** Returns what a form with these controls asks for. */
export function filterIn(form) {
  return filterOf(new FormData(form));
}
