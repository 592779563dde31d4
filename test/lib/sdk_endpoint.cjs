// Services written with a release of Restate's SDK, served as most are: over HTTP/2.
//
//   NODE_PATH=DIR node sdk_endpoint.cjs PACKAGE [more]
//
// Prints the port that it listens on.  With "more" the service has another handler, and
// options.
const http2 = require('node:http2');
const restate = require(process.argv[2]);

const more = process.argv[3] === 'more';
const greeter = restate.service({
  name: 'Greeter',
  handlers: { greet: async (ctx, name) => `hello ${name}`, ...(more ? { bye: async () => 'bye' } : {}) },
  ...(more ? { options: { ingressPrivate: true, journalRetention: 3600000 } } : {}),
});
const counter = restate.object({
  name: 'Counter',
  handlers: { add: async (ctx, n) => n, get: restate.handlers.object.shared(async () => 0) },
});
const flow = restate.workflow({ name: 'Flow', handlers: { run: async () => 1, look: async () => 2 } });
const endpoint = restate.endpoint().bind(greeter).bind(counter).bind(flow);
const server = http2.createServer(endpoint.http2Handler());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
