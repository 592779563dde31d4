// The messages of Restate's service protocol, by hand: no more of it than the
// deployments of the tests and the benchmarks take.

// Returns the number as a varint of protobuf.
function varint(number) {
  const bytes = [];
  let left = BigInt(number);
  for (; left > 127n; left >>= 7n) {
    bytes.push(Number(left & 127n) | 128);
  }
  bytes.push(Number(left));
  return Buffer.from(bytes);
}

// Returns a field that is a number.
export function number(field, value) {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

// Returns a field that is text, bytes or a message.
export function bytes(field, value) {
  const content = Buffer.from(value);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}

// Returns a message with its header: type, no flags, length.
export function message(type, ...fields) {
  const content = Buffer.concat(fields);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}
