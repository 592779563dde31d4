// What goes in and comes out: bytes, nothing, types, names.
module.exports = ({ restate, options }) => {
  const { handler } = restate.handlers;
  const { serde } = restate;
  const upper = {
    contentType: 'text/x-upper',
    serialize: (text) => new TextEncoder().encode(text.toUpperCase()),
    deserialize: (bytes) => new TextDecoder().decode(bytes).toLowerCase(),
  };
  const payloads = restate.service({
    name: 'Payloads',
    options,
    handlers: {
      echo: async (ctx, value) => value,
      kind: async (ctx, value) => typeof value,
      bytes: handler({ ...options, input: serde.binary, output: serde.binary }, async (ctx, bytes) => bytes),
      empty: handler({ ...options, input: serde.empty, output: serde.empty }, async () => {}),
      nothing: async () => {},
      empty_typed: handler({ ...options, output: serde.binary, setOutputContentTypeIfEmpty: true }, async () => new Uint8Array()),
      accepts: handler({ ...options, accept: 'text/*', input: serde.binary }, async (ctx, bytes) => bytes.length),
      custom: handler({ ...options, input: upper, output: upper }, async (ctx, text) => text),
      calls_custom: async (ctx, text) => ctx.genericCall({ service: 'Payloads', method: 'custom', parameter: text, inputSerde: upper, outputSerde: upper }),
      null: async () => null,
      headers: async (ctx) => [...ctx.request().headers].filter(([name]) => name.startsWith('x-own')),
      _odd_Name9: async () => 'odd',
    },
  });
  const dotted = restate.service({ name: 'Dotted.Name_1-x', options, handlers: { go: async () => 'gone' } });
  const hidden = restate.service({
    name: 'Hidden',
    options: { ...options, ingressPrivate: true, journalRetention: { hours: 1 }, idempotencyRetention: { days: 3 } },
    handlers: { see: async () => 'seen' },
  });
  const seeker = restate.service({
    name: 'Seeker',
    options,
    handlers: {
      look: (ctx) => ctx.serviceClient({ name: 'Hidden' }).see(),
      part: handler({ ...options, ingressPrivate: true }, async () => 'private'),
      unkept: handler({ ...options, journalRetention: 0 }, async (ctx) => { await ctx.run('one', () => 1); return 'unkept'; }),
      briefly: handler({ ...options, idempotencyRetention: 1000, journalRetention: { hours: 2 } }, async () => 'kept'),
    },
  });
  return [payloads, dotted, hidden, seeker];
};
