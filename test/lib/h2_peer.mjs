// What a client may meet: node h2_peer.mjs prints the port of a server that speaks
// HTTP/2 without TLS, of one that speaks HTTP/1.1, of one that accepts connections and
// says nothing, and of one that says what is no HTTP.
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

const connections = new Set();
const body = (size) => Buffer.from(Array.from({ length: size }, (_, i) => 97 + (i % 23)));

function answer(request, response) {
  const url = new URL(request.url, 'http://peer');
  const size = Number(url.searchParams.get('size') ?? 0);

  connections.add(request.socket.remotePort ?? request.stream.session.socket.remotePort);
  switch (url.pathname) {
    case '/base/echo':
      response.writeHead(200, { 'content-type': 'text/echo' });
      response.flushHeaders?.();
      request.pipe(response);
      break;
    case '/base/late-echo': {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => response.end(Buffer.concat(pieces)));
      break;
    }
    case '/base/get':
      response.writeHead(200, { 'content-type': 'text/get', 'x-restate-server': `${request.headers.accept} ${request.headers['x-test']}` });
      response.end(body(size));
      break;
    case '/base/connections':
      response.end('x'.repeat(connections.size));
      break;
    case '/base/status':
      response.writeHead(415).end();
      break;
    case '/base/hang':
      break;
    case '/base/reset':
      if (response.stream) response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      else request.socket.resetAndDestroy();
      break;
    case '/base/cut':
      response.writeHead(200, { 'content-length': '100' });
      response.write(body(size), () => setTimeout(() => (response.stream ? response.stream.session.destroy() : request.socket.destroy()), 50));
      break;
    default:
      response.writeHead(404).end();
  }
}

const servers = [
  http2.createServer(answer),
  http.createServer(answer),
  net.createServer((socket) => socket.on('error', () => {})),
  net.createServer((socket) => { socket.on('error', () => {}); socket.write('220 ready when you are\r\n\r\n'); }),
];
servers[0].on('session', (session) => session.on('error', () => {}));
servers[0].on('stream', (stream) => stream.on('error', () => {}));
servers.forEach((server, i) => {
  server.listen(0, '127.0.0.1', () => {
    if (servers.every((s) => s.listening)) console.log(servers.map((s) => s.address().port).join(' '));
  });
});
