// A deployment that answers badly: node bad_service.mjs prints the port of one that speaks
// HTTP/2 without TLS and of one that speaks HTTP/1.1.  The handler's name tells how.
import http from 'node:http';
import http2 from 'node:http2';

const type = 'application/vnd.restate.invocation.v6';
const frame = (number, body) => {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(number, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
};
const run = frame(0x0411, Buffer.from([0x58, 1, 0x62, 1, 0x61])); // completion 1, named a
const proposal = frame(0x0005, Buffer.from([0x08, 1, 0x72, 1, 0x37])); // of 1, 7
const output = frame(0x0401, Buffer.from([0x72, 3, 0x0a, 1, 0x37]));
const end = frame(0x0003, Buffer.alloc(0));

function answer(request, response) {
  const handler = request.url.split('/').pop();
  const status = handler.match(/^status_(\d+)$/);
  const open = () => response.writeHead(200, { 'content-type': type });
  const broken = () => (response.stream ? response.stream.session.destroy() : request.socket.destroy());

  request.on('error', () => {});
  response.on('error', () => {});
  request.resume();
  if (status) {
    response.writeHead(Number(status[1]), { 'retry-after': '7' }).end();
    return;
  }
  switch (handler) {
    case 'type':
      response.writeHead(200, { 'content-type': 'text/plain' }).end('hello');
      break;
    case 'garbage':
      open();
      response.end(Buffer.from('this is no frame at all'));
      break;
    case 'unknown':
      open();
      response.end(frame(0x0400, Buffer.from([0x72, 0])));
      break;
    case 'long':
      open();
      response.write(Buffer.from([4, 0x11, 0, 0, 0x7f, 0, 0, 0]));
      break;
    case 'nothing':
      open();
      response.end();
      break;
    case 'half':
      open();
      response.end(Buffer.concat([run, proposal, output.subarray(0, 9)]));
      break;
    case 'cut':
      open();
      response.write(Buffer.concat([run, proposal]), () => setTimeout(broken, 30));
      break;
    case 'slowly': { // a byte at a time
      open();
      const bytes = Buffer.concat([run, proposal, output, end]);
      let i = 0;
      const timer = setInterval(() => {
        if (i < bytes.length) response.write(bytes.subarray(i, (i += 1)));
        else { clearInterval(timer); response.end(); }
      }, 2);
      break;
    }
    case 'more': // than its end
      open();
      response.end(Buffer.concat([output, end, run, proposal, end]));
      break;
    case 'headers': // which it was registered with
      if (request.headers['x-extra'] !== 'A' || request.headers.host === 'nonsense' || request.headers[':authority'] === 'nonsense') {
        response.writeHead(400).end();
        break;
      }
    // fall through
    case 'open': // after its end
      open();
      response.write(Buffer.concat([output, end]));
      break;
    default: // hangs
      break;
  }
}

const servers = [http2.createServer(answer), http.createServer(answer)];
servers[0].on('session', (session) => session.on('error', () => {}));
servers.forEach((server) => server.listen(0, '127.0.0.1', () => {
  if (servers.every((s) => s.listening)) console.log(servers.map((s) => s.address().port).join(' '));
}));
