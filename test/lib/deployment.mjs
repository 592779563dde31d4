// A deployment for Restate's own server, with which the tests compare: each
// handler answers the same whatever it is sent, but for one that is tried again.
//
//   node deployment.mjs [PORT]
//
// Prints the port that it listens on.
import http2 from 'node:http2';
import { bytes, message, number } from './service_protocol.mjs';

const SUSPENSION = 0x0001;
const ERROR = 0x0002;
const END = 0x0003;
const RUN_RESULT = 0x0005;
const OUTPUT = 0x0401;
const SET_STATE = 0x0403;
const GET_PROMISE = 0x0409;
const SLEEP = 0x040c;
const RUN = 0x0411;

// Returns a failure, as a field.
function failure(field, code, text) {
  return bytes(field, Buffer.concat([number(1, code), bytes(2, text)]));
}

const done = (json) => [message(OUTPUT, bytes(14, bytes(1, json))), message(END)];
const waits = (completion) => [message(SUSPENSION, number(1, completion), number(2, 1))];

// what each handler answers
const answers = {
  'Greeter/greet': [
    message(RUN, number(11, 1), bytes(12, 'step')),
    message(RUN_RESULT, number(1, 1), bytes(14, '"stepped"')),
    ...done('"hello"'),
  ],
  'Greeter/refuse': [message(OUTPUT, failure(15, 409, 'no way')), message(END)],
  'Greeter/stumble': [message(RUN, number(11, 1), bytes(12, 'step')), message(ERROR, number(1, 500), bytes(2, 'stumbled'), number(8, 86400000))],
  'Greeter/nap': [message(SLEEP, number(1, 4102444800000), number(11, 1), bytes(12, 'long')), ...waits(1)],
  'Greeter/mute': [message(OUTPUT, bytes(14, '')), message(END)],
  'Counter/add': [message(SET_STATE, bytes(1, 'count'), bytes(3, bytes(1, '3'))), ...done('3')],
  'Counter/name': [message(SET_STATE, bytes(1, 'name'), bytes(3, bytes(1, '"Ada"'))), ...done('null')],
  'Counter/wait': [message(SLEEP, number(1, 4102444800000), number(11, 1)), ...waits(1)],
  'Signup/run': [message(GET_PROMISE, bytes(1, 'confirmed'), number(11, 1)), ...waits(1)],
  'Signup/confirm': done('null'),
};

// what it answers when it is tried again: the command is in the journal by then
const later = { 'Greeter/stumble': answers['Greeter/stumble'].slice(1) };

// what it tells of itself
const json = { contentType: 'application/json' };
const manifest = {
  protocolMode: 'REQUEST_RESPONSE',
  minProtocolVersion: 5,
  maxProtocolVersion: 6,
  services: [
    {
      name: 'Greeter',
      ty: 'SERVICE',
      documentation: 'Greets.',
      metadata: { team: 'doors' },
      handlers: [
        {
          name: 'greet',
          documentation: 'Says hello.',
          metadata: { since: '1' },
          input: { required: true, ...json, jsonSchema: { type: 'object', properties: { name: { type: 'string' } } } },
          output: { ...json, setContentTypeIfEmpty: false, jsonSchema: { type: 'string' } },
        },
        { name: 'refuse', input: { required: false, contentType: '*/*' }, output: { contentType: 'text/plain', setContentTypeIfEmpty: true } },
        { name: 'stumble', input: { required: true, ...json }, output: {} },
        { name: 'nap' },
        { name: 'mute', input: {}, output: { setContentTypeIfEmpty: false } },
      ],
    },
    {
      name: 'Counter',
      ty: 'VIRTUAL_OBJECT',
      handlers: [
        { name: 'add', ty: 'EXCLUSIVE', input: { required: true, ...json }, output: json },
        { name: 'name', ty: 'EXCLUSIVE' },
        { name: 'wait', ty: 'EXCLUSIVE' },
      ],
    },
    {
      name: 'Signup',
      ty: 'WORKFLOW',
      handlers: [
        { name: 'run', ty: 'WORKFLOW', input: json, output: json },
        { name: 'confirm', ty: 'SHARED' },
      ],
    },
  ],
};

const server = http2.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const handler = request.url.replace(/^\/invoke\//, '');
    if (/^(\/v2-[\d.]+)?\/discover$/.test(request.url)) {
      response.writeHead(200, { 'content-type': 'application/vnd.restate.endpointmanifest.v3+json', 'x-restate-server': 'test/1.0' });
      response.end(JSON.stringify(manifest));
    } else if (request.url === '/less/discover') {
      response.writeHead(200, { 'content-type': 'application/vnd.restate.endpointmanifest.v3+json' });
      response.end(JSON.stringify({ ...manifest, services: [{ ...manifest.services[0], handlers: manifest.services[0].handlers.slice(1) }] }));
    } else if (answers[handler]) {
      response.writeHead(200, { 'content-type': request.headers['content-type'], 'x-restate-server': 'test/1.0' });
      response.end(Buffer.concat(answers[handler]));
      answers[handler] = later[handler] ?? answers[handler];
    } else {
      response.writeHead(404);
      response.end();
    }
  });
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(server.address().port));
