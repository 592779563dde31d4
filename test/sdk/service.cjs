// The services of handlers/, written with Restate's SDK as its users write them.
//
//   NODE_PATH=DIR node service.cjs MODE PORT STEPS [VARIANT]
//
// MODE: h2 and h1 read and answer a request at the same time, over HTTP/2 without TLS and
// HTTP/1.1; h2half and h1half read it whole before they answer; h2suspend is h2 with
// services whose inactivity timeout is 0.  Prints the port that it listens on.  To the file
// STEPS it adds a line when a step begins and when it ends.  VARIANT is a word in the name
// of one step: with another one the code is another.  SDK names the package of the SDK, if
// it is not the usual one, and TOPICS the files of handlers, if not all.
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const path = require('node:path');
const restate = require(process.env.SDK ?? '@restatedev/restate-sdk');

const [mode, port, steps, variant = 'A'] = process.argv.slice(2);
const tools = {
  restate,
  variant,
  options: mode.endsWith('suspend') ? { inactivityTimeout: 0 } : {},
  // Returns what a step does: it tells of itself, takes its time and has a value.
  step: (name, value, ms = 0) => async () => {
    fs.appendFileSync(steps, `begin ${name}\n`);
    if (ms > 0) await new Promise((resolve) => { setTimeout(resolve, ms); });
    fs.appendFileSync(steps, `end ${name}\n`);
    return value;
  },
  // Returns what a step does that ends when the scenario says so.
  held: (name, value) => async () => {
    fs.appendFileSync(steps, `begin ${name}\n`);
    while (!fs.readFileSync(steps, 'utf8').includes(`\nrelease ${name}\n`)) await new Promise((resolve) => { setTimeout(resolve, 10); });
    return value;
  },
  // Returns what a step does that ends the second time it is begun.
  hung: (name, value) => async () => {
    const isDue = fs.readFileSync(steps, 'utf8').includes(`\nbegin ${name}\n`);
    fs.appendFileSync(steps, `begin ${name}\n`);
    if (!isDue) await new Promise(() => {});
    fs.appendFileSync(steps, `end ${name}\n`);
    return value;
  },
  // Returns how often it was called with this name.
  count: (name) => {
    fs.appendFileSync(steps, `count ${name}\n`);
    return fs.readFileSync(steps, 'utf8').split('\n').filter((line) => line === `count ${name}`).length;
  },
};

const directory = path.join(__dirname, 'handlers');
const topics = process.env.TOPICS?.split(' ') ?? fs.readdirSync(directory).map((file) => path.basename(file, '.cjs')).sort();
const services = topics.flatMap((topic) => require(path.join(directory, `${topic}.cjs`))(tools));

// Returns the endpoint's handler; releases that know no other are asked for it in another way.
function endpointHandler() {
  if (mode.startsWith('h1') || mode.endsWith('half')) {
    return restate.createEndpointHandler({ services, bidirectional: !mode.endsWith('half') });
  }
  return services.reduce((endpoint, service) => endpoint.bind(service), restate.endpoint()).http2Handler();
}

const server = (mode.startsWith('h2') ? http2 : http).createServer(endpointHandler());
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port));
