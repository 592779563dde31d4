// How numbers, times and ids are shown.
import { el } from './dom.mjs';

const grouped = new Intl.NumberFormat('en');

export function count(n) {
  return grouped.format(n);
}

export function capital(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** Returns "1 command", "2 commands". */
export function counted(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Returns a span of milliseconds with its two largest units. */
export function span(ms) {
  if (ms < 0) return `−${span(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const seconds = Math.floor(ms / 1000);
  const first = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[first];
  const whole = `${count(Math.floor(seconds / size))} ${name}`;
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return rest > 0 ? `${whole} ${rest} ${next[0]}` : whole;
}

/** Returns a time in UTC; what it is here is shown on hover. */
export function time(text, { millis = false } = {}) {
  const at = new Date(text);
  if (!text || Number.isNaN(at.getTime())) return String(text ?? '');
  const local = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
  return el('time', { datetime: at.toISOString(), title: `${local} here` }, utc(at, millis));
}

function utc(at, millis) {
  return at.toISOString().replace('T', ' ').slice(0, millis ? 23 : 19);
}

/** Returns how long ago a time is, or in how long it will be, with the time on hover. */
export function ago(text, now = Date.now()) {
  const at = new Date(text);
  if (!text || Number.isNaN(at.getTime())) return String(text ?? '');
  const ms = now - at.getTime();
  const words = ms >= 0 ? `${span(ms)} ago` : `in ${span(-ms)}`;
  return el('time', { datetime: at.toISOString(), title: `${utc(at, true)} UTC, ${at.toLocaleString(undefined, { timeStyle: 'long', dateStyle: 'medium' })} here` }, words);
}

/** Returns for how long something has lasted. */
export function lasting(since, now = Date.now()) {
  const element = ago(since, now);
  if (element instanceof Element) element.textContent = `for ${span(Math.max(now - Date.parse(since), 0))}`;
  return element;
}

/** Returns an id short enough for a table. */
export function shortId(id) {
  return id.length > 20 ? `${id.slice(0, 10)}…${id.slice(-6)}` : id;
}

/** Returns bytes as text to read: JSON laid out, other text as it is, else hexadecimal. */
export function readable(octets, most = 200000) {
  const all = Uint8Array.from(octets);
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(all);
  } catch {
    return { kind: 'bytes', text: hex(all.subarray(0, 4096)), cut: all.length > 4096 };
  }
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // it is no JSON
  }
  return { kind: 'text', text: text.slice(0, most), cut: text.length > most };
}

function hex(octets) {
  const lines = [];
  for (let at = 0; at < octets.length; at += 16) {
    lines.push([...octets.subarray(at, at + 16)].map((octet) => octet.toString(16).padStart(2, '0')).join(' '));
  }
  return lines.join('\n');
}
