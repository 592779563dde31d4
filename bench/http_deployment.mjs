// A deployment for the real server that is measured by bench/http.pl: handlers
// runsN complete with a journal of 2N + 2 entries, which are the input, N runs
// with their results of 100 bytes, and the output.
//
//   node http_deployment.mjs PORT N...
import http2 from 'node:http2';
import { bytes, message, number } from '../test/lib/service_protocol.mjs';

const [port, ...lengths] = process.argv.slice(2).map(Number);

const RUN = 0x0411;
const RUN_RESULT = 0x0005;
const OUTPUT = 0x0401;
const END = 0x0003;

// Returns all that the handler of that many runs answers.
function answer(runs) {
  const result = '"'.padEnd(99, 'x') + '"';
  const messages = [];
  for (let id = 1; id <= runs; id++) {
    messages.push(message(RUN, number(11, id), bytes(12, 'step')));
    messages.push(message(RUN_RESULT, number(1, id), bytes(14, result)));
  }
  messages.push(message(OUTPUT, bytes(14, bytes(1, result))), message(END));
  return Buffer.concat(messages);
}

const answers = new Map(lengths.map((runs) => [`runs${runs}`, answer(runs)]));
const manifest = {
  protocolMode: 'REQUEST_RESPONSE',
  minProtocolVersion: 5,
  maxProtocolVersion: 6,
  services: [{
    name: 'Bench',
    ty: 'SERVICE',
    handlers: [...answers.keys()].map((name) => ({ name })),
  }],
};

http2.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const handler = request.url.match(/^\/invoke\/Bench\/(\w+)/);
    if (request.url === '/discover') {
      response.writeHead(200, { 'content-type': 'application/vnd.restate.endpointmanifest.v3+json' });
      response.end(JSON.stringify(manifest));
    } else if (handler && answers.has(handler[1])) {
      response.writeHead(200, { 'content-type': request.headers['content-type'], 'x-restate-server': 'bench/1' });
      response.end(answers.get(handler[1]));
    } else {
      response.writeHead(404);
      response.end();
    }
  });
}).listen(port, '127.0.0.1', () => console.log('listening'));
