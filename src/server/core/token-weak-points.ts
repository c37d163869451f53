/**
 * The points of Ed25519 whose order is at most 8, without the bit of the sign: y is 0, 1, -1, one of the two of order 8, or
 * one of the first two with the prime added. Under such a public key anybody can sign, and OpenSSL does not mind.
 */
const smallOrders: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** Whether an Ed25519 public key, the `x` of its JWK, is one of those (S57; RFC 8032 §5.1, RFC 8725 §3.5). */
export function isWeakPoint(x: string): boolean {
  const bytes = Buffer.from(x, 'base64url');
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  return smallOrders.has(bytes.toString('hex'));
}
