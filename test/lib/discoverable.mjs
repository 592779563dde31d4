// What can be asked for a manifest: over HTTP/2, over HTTP/1.1, and something that closes
// each connection.  What is answered at /PATH/discover is in the file PATH of a
// directory, as JSON: status, type, body, headers.  Handlers are never answered.
//
//   node discoverable.mjs DIRECTORY
//
// Prints the three ports.
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

const asked = [];

// Answers a request for a manifest.
function answer(request, response) {
  request.resume();
  request.on('end', () => {
    const name = request.url.replace(/\/?discover$/, '').replace(/^\//, '').replaceAll('/', '_');
    const file = `${process.argv[2]}/${name || '_'}`;
    asked.push({ url: request.url, headers: request.headers });
    if (request.url === '/asked') {
      response.end(JSON.stringify(asked));
    } else if (!fs.existsSync(file)) {
      response.writeHead(404);
      response.end();
    } else {
      const { status, type, body, headers } = JSON.parse(fs.readFileSync(file));
      response.writeHead(status, { ...(type ? { 'content-type': type } : {}), 'x-restate-server': 'test/1.0', ...headers });
      response.end(status === 204 ? undefined : body);
    }
  });
}

const servers = [http2.createServer(answer), http.createServer(answer), net.createServer((socket) => socket.destroy()), net.createServer(() => {})];
for (const server of servers) {
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
}
console.log(servers.map((server) => server.address().port).join(' '));
