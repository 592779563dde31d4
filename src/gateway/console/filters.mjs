// The filters: their fields, and what they are in a link, in SQL, for a bulk job and in
// words.  A filter is an object of texts; a field that is not there asks for nothing.
import { containing, literal } from './sql.mjs';

export const IN_FLIGHT = ['pending', 'scheduled', 'ready', 'running', 'backing-off', 'suspended', 'paused'];

export const STATUSES = [
  ['', 'any'],
  ['in-flight', 'in flight'],
  ...IN_FLIGHT.map((status) => [status, status]),
  ['completed', 'completed'],
];

/** The fields in the order in which they are shown. */
export const FIELDS = [
  { name: 'service', words: 'Service', sql: (value) => `target_service_name = ${literal(value)}` },
  { name: 'handler', words: 'Handler', sql: (value) => `target_handler_name = ${literal(value)}` },
  { name: 'key_prefix', words: 'Key begins with', sql: (value) => `target_service_key ^@ ${literal(value)}` },
  { name: 'status', words: 'Status', sql: (value) => `status IN (${statuses(value).map(literal).join(', ')})` },
  { name: 'deployment', words: 'Deployment', sql: (value) => `pinned_deployment_id = ${literal(value)}` },
  {
    name: 'failure',
    words: 'Failure has in it',
    sql: (value) => `(completion_failure LIKE ${containing(value)} OR last_failure LIKE ${containing(value)})`,
  },
  { name: 'created_after', words: 'Created from', isTime: true, sql: (value) => `created_at >= ${literal(instant(value))}` },
  { name: 'created_before', words: 'Created before', isTime: true, sql: (value) => `created_at < ${literal(instant(value))}` },
  { name: 'completed_after', words: 'Completed from', isTime: true, sql: (value) => `completed_at >= ${literal(instant(value))}` },
  { name: 'completed_before', words: 'Completed before', isTime: true, sql: (value) => `completed_at < ${literal(instant(value))}` },
];

function statuses(value) {
  return value === 'in-flight' ? IN_FLIGHT : [value];
}

/** Returns a time that was typed, which is of UTC, as RFC 3339. */
function instant(value) {
  const at = new Date(`${value}Z`);
  return Number.isNaN(at.getTime()) ? value : at.toISOString();
}

/** Returns the filter in the parameters of a link. */
export function filterOf(parameters) {
  return Object.fromEntries(FIELDS.map(({ name }) => [name, parameters.get(name)?.trim() ?? '']).filter(([, value]) => value !== ''));
}

/** Returns the condition of a WHERE; empty where the filter asks for nothing. */
export function condition(filter) {
  return FIELDS.filter(({ name }) => filter[name]).map(({ name, sql }) => sql(filter[name])).join(' AND ');
}

/** Returns the filter as a bulk job takes it. */
export function bulkFilter(filter) {
  const fields = {};
  for (const { name, isTime } of FIELDS) {
    const value = filter[name];
    if (!value) continue;
    if (name === 'status') fields.status = statuses(value);
    else if (name === 'failure') fields.failure = `%${value.replace(/[\\%_]/g, '\\$&')}%`;
    else fields[name] = isTime ? instant(value) : value;
  }
  return fields;
}

/** Returns the filter of a bulk job in words, an array of pairs. */
export function inWords(fields) {
  if (fields.all) return [['All', 'every invocation']];
  return Object.entries(fields).map(([name, value]) => {
    const field = FIELDS.find((one) => one.name === name);
    const words = name === 'failure' ? 'Failure is like' : field?.words ?? name;
    if (field?.isTime) return [words, `${String(value).replace('T', ' ').replace(/(\.0+)?(Z|\+00:00)$/, '')} UTC`];
    return [words, Array.isArray(value) ? value.join(', ') : String(value)];
  });
}
