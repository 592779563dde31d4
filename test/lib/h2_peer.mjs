// What a client may meet: node h2_peer.mjs prints the port of a server that speaks
// HTTP/2 without TLS, of one that speaks HTTP/1.1, of one that accepts connections and
// says nothing, and of one that says what is no HTTP.  With a directory of certificates,
// in NAME.pem with NAME.key, those follow that speak TLS: HTTP/2 alone, HTTP/1.1 alone,
// either, without ALPN, one that asks for a certificate, TLS 1.1 alone, one each for other certificates, and one that closes
// when the handshake has begun.
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const connections = new Set();
const body = (size) => Buffer.from(Array.from({ length: size }, (_, i) => 97 + (i % 23)));

function answer(request, response) {
  const url = new URL(request.url, 'http://peer');
  const size = Number(url.searchParams.get('size') ?? 0);

  connections.add(request.socket?.remotePort ?? request.stream?.session?.socket?.remotePort);
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
      else if (request.socket.encrypted) request.socket.destroy();
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
if (process.argv[2]) {
  const pair = (name) => ({ key: fs.readFileSync(`${process.argv[2]}/${name}.key`), cert: fs.readFileSync(`${process.argv[2]}/${name}.pem`) });
  // of a server that knows no ALPN each connection is one of HTTP/1.1
  const plain = http.createServer(answer);
  servers.push(
    http2.createSecureServer(pair('good'), answer),
    https.createServer({ ...pair('good'), ALPNProtocols: ['http/1.1'] }, answer),
    http2.createSecureServer({ ...pair('good'), allowHTTP1: true }, answer),
    tls.createServer(pair('good'), (socket) => plain.emit('connection', socket)),
    http2.createSecureServer({ ...pair('good'), requestCert: true, rejectUnauthorized: true }, answer),
    http2.createSecureServer({ ...pair('good'), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, answer),
    ...['expired', 'other', 'self'].map((name) => http2.createSecureServer(pair(name), answer)),
    net.createServer((socket) => { socket.on('error', () => {}); socket.once('data', () => socket.destroy()); }),
  );
  servers.forEach((server) => server.on('tlsClientError', () => {}).on('session', (session) => session.on('error', () => {})).on('stream', (stream) => stream.on('error', () => {})));
}
servers[0].on('session', (session) => session.on('error', () => {}));
servers[0].on('stream', (stream) => stream.on('error', () => {}));
servers.forEach((server, i) => {
  server.listen(0, '127.0.0.1', () => {
    if (servers.every((s) => s.listening)) console.log(servers.map((s) => s.address().port).join(' '));
  });
});
