// The client that Restate publishes for the ingress, which types the handlers it calls.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const clients = require('@restatedev/restate-sdk-clients');
const { rpc } = clients;
const Caller = { name: 'Caller' };
const Counter = { name: 'Counter' };
const Flow = { name: 'Flow' };

// Returns what a promise comes to, a failure with what the client makes of it, but for its
// metadata, which the real server does not always hand on.
const told = async (promise) => {
  try { return await promise; } catch (error) { return { name: error.constructor.name, status: error.status, code: error.code, message: error.responseText?.replace(/"message":"[^"]*"/, 'MESSAGE').replace(/,"metadata":{[^}]*}/, '') }; }
};
// Runs with a client of the side's ingress.
const row = (name, use, more = {}) => ({ name: `client: ${name}`, run: (run) => use(clients.connect({ url: run.side.ingress }), run), unwritten: true, ...more });
const sent = ({ status, attachable }) => ({ status, attachable });

export default [
  row('a call', (client) => client.serviceClient(Caller).echo('hi'), { due: 'hi' }),
  row('a call of an object', (client, run) => client.objectClient(Counter, `${run.key()}/a b`).key()),
  row('a call with headers', (client) => client.serviceClient(Caller).headers(rpc.opts({ headers: { 'x-own': '1' } })), { due: { 'x-own': '1' } }),
  row('a failure', (client) => told(client.serviceClient(Caller).refuse())),
  row('no such handler', (client) => told(client.serviceClient(Caller).nobody()).then(({ name, status }) => ({ name, status }))),
  row('an idempotent call', async (client, run) => [
    await client.objectClient(Counter, run.key()).add(1, rpc.opts({ idempotencyKey: run.key() })),
    await client.objectClient(Counter, run.key()).add(1, rpc.opts({ idempotencyKey: run.key() }))], { due: [1, 1] }),
  row('a send and its result', async (client, run) => {
    const send = await client.objectSendClient(Counter, run.key()).add(3, rpc.sendOpts({ idempotencyKey: run.key() }));
    const again = await client.objectSendClient(Counter, run.key()).add(3, rpc.sendOpts({ idempotencyKey: run.key() }));
    return [sent(send), sent(again), send.invocationId === again.invocationId, await client.result(send)];
  }, { due: [{ status: 'Accepted', attachable: true }, { status: 'PreviouslyAccepted', attachable: true }, true, 3] }),
  row('a send that cannot be attached to', async (client, run) => {
    const send = await client.objectSendClient(Counter, run.key()).add(3);
    return [sent(send), await told(client.result(send))];
  }),
  row('a delayed send', async (client, run) => {
    const send = await client.objectSendClient(Counter, run.key()).add(3, rpc.sendOpts({ delay: { milliseconds: 100 }, idempotencyKey: run.key() }));
    return client.result(send);
  }, { due: 3 }),
  row('a failure of a send', async (client, run) => told(client.result(await client.serviceSendClient(Caller).refuse(rpc.sendOpts({ idempotencyKey: run.key() }))))),
  row('bytes', async (client) => {
    const bytes = await client.call({ service: 'Payloads', handler: 'bytes', parameter: new Uint8Array([0, 255]), opts: rpc.opts({ input: require('@restatedev/restate-sdk').serde.binary, output: require('@restatedev/restate-sdk').serde.binary }) });
    return Array.from(bytes);
  }, { due: [0, 255] }),
  row('a workflow', async (client, run) => {
    const flow = client.workflowClient(Flow, run.key());
    const submission = await flow.workflowSubmit('Ada');
    const early = await flow.workflowOutput();
    const again = await flow.workflowSubmit('Bob');
    await run.waiting(submission.invocationId, 3);
    const attached = flow.workflowAttach();
    await flow.approve('yes');
    return [sent(submission), early.ready, sent(again), await attached, await client.result(submission), await flow.workflowOutput(), await flow.name()];
  }),
  row('a workflow that is not there', async (client, run) => {
    const flow = client.workflowClient(Flow, run.key());
    return [await told(flow.workflowAttach()), await told(flow.workflowOutput())].map(({ name, status }) => ({ name, status }));
  }),
  row('an awakeable', async (client, run) => {
    const send = await client.serviceSendClient({ name: 'Signals' }).ask(rpc.sendOpts({ idempotencyKey: run.key() }));
    await client.resolveAwakeable(await run.published(send.invocationId), { a: 1 });
    return client.result(send);
  }, { due: { a: 1 } }),
  row('an awakeable that is rejected', async (client, run) => {
    const send = await client.serviceSendClient({ name: 'Signals' }).ask(rpc.sendOpts({ idempotencyKey: run.key() }));
    await client.rejectAwakeable(await run.published(send.invocationId), 'no');
    return client.result(send);
  }, { due: '500 no' }),
  row('an awakeable that is none', (client) => told(client.resolveAwakeable('nonsense', 1)).then(({ name, status }) => ({ name, status }))),
  row('fifty at once', async (client, run) => (await Promise.all(Array.from({ length: 50 }, () => client.objectClient(Counter, run.key()).add(1)))).sort((a, b) => a - b).at(-1), { due: 50 }),
];
