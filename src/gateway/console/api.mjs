// Requests to the gateway that this page comes from, and what it answers.
import { askForToken, currentToken } from './token.mjs';

const gateway = new URL('../', import.meta.url);

/** What the gateway has refused, or that it does not answer. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether what was asked for may have been done all the same. */
  get isUnknown() {
    return this.status === 0 || this.code === 'outcome_unknown';
  }
}

/** Sends a request and returns the JSON of the answer, null where it is empty. */
export async function send(method, path, { body, headers = {}, signal } = {}) {
  const response = await attempt(method, path, body, headers, signal, false);
  const text = await response.text().catch(() => { throw unreachable(); });
  let answer = null;
  try {
    answer = text === '' ? null : JSON.parse(text);
  } catch {
    throw new Refused(response.status, 'no_json', `The answer is no JSON (HTTP ${response.status}).`);
  }
  if (!response.ok) throw new Refused(response.status, answer?.restate_code ?? 'unknown', answer?.message ?? `HTTP ${response.status}`);
  return answer;
}

async function attempt(method, path, body, headers, signal, refused) {
  const token = currentToken();
  const sent = { accept: 'application/json', ...headers };
  if (token) sent.authorization = `Bearer ${asHeader(token)}`;
  if (body !== undefined) sent['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(new URL(path, gateway), {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: 'same-origin',
      redirect: 'error',
      cache: 'no-store',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (response.status !== 401) return response;
  // another request may have brought a token meanwhile
  if (currentToken() !== token || await askForToken(refused || token !== null)) return attempt(method, path, body, headers, signal, true);
  return response;
}

function unreachable() {
  return new Refused(0, 'unreachable', 'The gateway does not answer.');
}

/** Returns text as a header has it: its UTF-8 bytes. */
export function asHeader(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

export function get(path, signal) {
  return send('GET', path, { signal });
}

/** Returns the rows of a query. */
export async function query(sql, signal) {
  return (await send('POST', 'query', { body: { query: sql }, signal })).rows;
}

/** Returns a path of segments and a query, both escaped. */
export function path(segments, parameters = {}) {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const text = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return segments.map(encodeURIComponent).join('/') + (text && `?${text}`);
}

let settings = null;

/** Returns how the gateway was started, as far as the page must know it. */
export async function gatewaySettings() {
  settings ??= await get('console/settings.json');
  return settings;
}

/** Returns the header that carries a reason, if there is one and a reason. */
export function reasonHeader(reason) {
  return settings?.reason_header && reason ? { [settings.reason_header]: asHeader(reason) } : {};
}

/** Returns a key that no other restart has. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}
