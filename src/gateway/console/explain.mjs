// An explanation of an invocation: where it stands, what it waits for, what comes next.
import { el, facts } from './dom.mjs';
import { ago, capital, count, counted, lasting, time } from './format.mjs';
import { badge, copyable, invocationLink, section } from './parts.mjs';

/** Returns the heading of the page: what it is, and its state. */
export function headline(explanation) {
  return el('div', { class: 'headline' },
    el('h1', { tabindex: '-1' }, explanation.target),
    badge(explanation.status, explanation.result?.result),
    copyable(explanation.id, { whole: true }));
}

/** Returns the section on where it stands. */
export function standing(explanation) {
  const { attempt, last_failure: failure, held, result, retention, deployment } = explanation;
  return section('standing', 'Where it stands',
    el('p', { class: 'next' }, capital(explanation.status), ' ', explanation.status === 'completed' ? ago(explanation.since) : lasting(explanation.since), '.'),
    explanation.next.text && el('p', { class: 'hint', id: 'next' }, 'Next: ', explanation.next.text.replace(/\.$/, ''), explanation.next.at && [', ', ago(explanation.next.at)], '.'),
    result?.failure && el('p', { class: 'failure whole' }, result.failure),
    explanation.waits_for.length > 0 && [
      el('h3', null, 'Waits for'),
      el('ul', { class: 'plain', id: 'waits' }, explanation.waits_for.map((wait) => el('li', null, waitWords(wait))),
        explanation.waits_for_more && el('li', { class: 'hint' }, 'and for others')),
    ],
    failure && [
      el('h3', null, `Last failure, after ${counted(explanation.retry_count, 'attempt')}`),
      el('p', { class: 'failure whole' }, failure.message),
      facts([
        ['Code', failure.error_code],
        ['At', failure.command_type && [failure.command_type, failure.command_name && ` “${failure.command_name}”`, failure.command_index !== null && `, command ${failure.command_index}`]],
      ]),
    ],
    facts([
      ['Held', held && ['since ', ago(held.since), held.reason && `: ${held.reason}`]],
      ['Attempt', attempt && ['since ', ago(attempt.since), attempt.worker && [' on ', attempt.worker, attempt.worker_is_alive ? ', alive' : ', not heard of', attempt.worker_seen_at && [' since ', ago(attempt.worker_seen_at)]]]],
      ['Asked to pause', explanation.pause_requested && 'yes: it pauses when the attempt ends'],
      ['Foreign', explanation.is_foreign && 'yes: it came from elsewhere and nothing runs it here until it is adopted'],
      ['Deployment', deployment && [deployment.endpoint ?? 'not registered any more', deployment.revision !== null && `, revision ${deployment.revision}`, el('br'), copyable(deployment.id, { whole: true }), ` protocol ${deployment.protocol_version}`]],
      ['Created', explanation.created_at && [time(explanation.created_at), ' UTC']],
      ['Invoked by', origin(explanation.invoked_by)],
      ['Restart of', invocationLink(explanation.restarted_from)],
      ['Idempotency key', explanation.idempotency_key],
      ['Journal', explanation.journal_size > 0 && `${counted(explanation.journal_size, 'entry', 'entries')}, ${count(explanation.journal_commands_size)} of them commands`],
      ['Result kept', kept(retention.result, retention.result_until)],
      ['Journal kept', kept(retention.journal, retention.journal_until)],
    ]));
}

function kept(howLong, until) {
  if (until) return ['until ', time(until), ' UTC'];
  return howLong && `${howLong} once it has completed`;
}

function origin({ kind, id, target }) {
  if (id) return [target, ' ', invocationLink(id)];
  return { ingress: 'a request to the ingress', restart_as_new: 'a restart' }[kind] ?? kind;
}

/** Returns something that is waited for, in words. */
export function waitWords(wait) {
  switch (wait.for) {
    case 'object_key':
      return ['the key “', wait.key, '” of ', wait.service, wait.holder ? [', which is held by ', other(wait.holder)] : ', which nobody holds',
        wait.ahead > 0 && `; ${count(wait.ahead)} wait before it`];
    case 'start':
      return ['its start ', ago(wait.at)];
    case 'retry':
      return ['its next attempt ', ago(wait.at)];
    case 'worker':
      return `a worker that claims what is ready of ${wait.service}`;
    case 'operator':
      return 'somebody who resumes it';
    case 'command':
      return [`entry ${wait.index}, ${wait.type.replace(/^Command: /, '')}`, wait.name && ` “${wait.name}”`, wait.callee && [', of ', other(wait.callee)],
        wait.promise && `, of promise “${wait.promise}”`, wait.at && [', until ', time(wait.at), ' UTC']];
    case 'completion':
      return `completion ${wait.completion_id}, which no command of the journal asks for`;
    case 'signal':
      return [wait.index === 1 ? 'the signal that cancels it' : `signal ${wait.name ?? wait.index}`, wait.awakeable && [', awakeable ', copyable(wait.awakeable, { whole: true })]];
    default:
      return wait.for;
  }
}

function other({ id, target, status, since }) {
  return [target, ' ', invocationLink(id), ' ', badge(status), since && [' since ', ago(since)]];
}
