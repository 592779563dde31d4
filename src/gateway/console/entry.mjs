// What a journal entry is, in words.
import { el } from './dom.mjs';
import { time } from './format.mjs';
import { invocationLink } from './parts.mjs';

/** Whether an entry is a command; all others bring something. */
export function isCommand(entry) {
  return entry.entry_type.startsWith('Command: ');
}

/** Returns its type without what all have in common. */
export function kindOf(entry) {
  return entry.entry_type.replace(/^(Command|Notification): /, '');
}

/** Returns the content of entry_lite_json, whichever of its forms it has. */
export function liteOf(entry) {
  let lite = entry.entry_lite_json;
  if (typeof lite === 'string') {
    try {
      lite = JSON.parse(lite);
    } catch {
      return {};
    }
  }
  while (lite && typeof lite === 'object' && Object.keys(lite).length === 1 && /^[A-Z]/.test(Object.keys(lite)[0])) {
    [lite] = Object.values(lite);
  }
  return lite && typeof lite === 'object' ? lite : {};
}

/** Returns a short name: what it is called, or what it is about. */
export function nameOf(entry) {
  return entry.name || entry.promise_name || liteOf(entry).key || '';
}

/** Returns an entry in a few words, as labels and slider have it. */
export function inWords(entry) {
  const name = nameOf(entry) || entry.invoked_target;
  return `${entry.index} ${kindOf(entry)}${name ? ` “${name}”` : ''}`;
}

/**
 * Returns what a row of the journal says of an entry; commandOf finds the command that
 * a completion is of.
 */
export function described(entry, commandOf) {
  const lite = liteOf(entry);
  const parts = [];
  if (!isCommand(entry)) {
    const command = commandOf(entry);
    if (command) parts.push(el('span', { class: 'of' }, `of ${inWords(command)}`));
    if (kindOf(entry) === 'Signal') parts.push(signalWords(lite));
  } else {
    const name = nameOf(entry);
    if (name) parts.push(el('span', { class: 'name' }, name));
    if (entry.invoked_target) parts.push(el('span', { class: 'name' }, entry.invoked_target));
    if (entry.sleep_wakeup_at) parts.push(el('span', { class: 'of' }, 'until ', time(entry.sleep_wakeup_at)));
    if (kindOf(entry) === 'SendSignal') parts.push(invocationLink(lite.target_invocation_id), signalWords(lite));
    if (typeof lite.id === 'string') parts.push(el('span', { class: 'of' }, lite.id));
  }
  // what brings the id of a callee need not lead there as well
  if (entry.invoked_id && (isCommand(entry) || !commandOf(entry))) parts.push(invocationLink(entry.invoked_id));
  const failure = failureIn(lite);
  if (failure) parts.push(el('span', { class: 'failure' }, failure));
  if (isCommand(entry) && entry.completed === false) parts.push(el('span', { class: 'open' }, 'waits'));
  return parts;
}

function signalWords(lite) {
  const id = lite.signal_id ?? lite.id;
  const name = id && typeof id === 'object' ? Object.values(id)[0] : id;
  return el('span', { class: 'of' }, `signal ${name === 1 ? 'Cancel' : name ?? ''}`);
}

function failureIn(lite) {
  const failure = lite.result?.Failure ?? lite.result?.failure;
  if (!failure) return null;
  return typeof failure === 'object' ? [failure.code && `[${failure.code}]`, failure.message].filter(Boolean).join(' ') : String(failure);
}

/**
 * Returns the bytes in an entry, each with what it is: arrays of numbers, as
 * entry_json has them, wherever they are in it.
 */
export function payloadsIn(entry) {
  const found = [];
  walk(entry, []);
  return found;

  function walk(value, way) {
    if (Array.isArray(value)) {
      const key = way[way.length - 1];
      if (['payload', 'parameter', 'value', 'Success', 'CompleteSuccess'].includes(key) && value.every(Number.isInteger)) found.push({ what: key, octets: value });
      else value.forEach((one) => walk(one, way));
    } else if (value && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) walk(inner, [...way, key]);
    }
  }
}

/** Returns an entry without its bytes and what says nothing, to be shown whole. */
export function withoutBytes(value, key = '') {
  if (Array.isArray(value)) {
    if (['payload', 'parameter', 'value', 'Success', 'CompleteSuccess'].includes(key)) return `${value.length} bytes`;
    return value.map((one) => withoutBytes(one));
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value)
      .filter(([inner, one]) => inner !== 'span_context' && one !== null && one !== '')
      .map(([inner, one]) => [inner, withoutBytes(one, inner)]));
  }
  return value;
}
