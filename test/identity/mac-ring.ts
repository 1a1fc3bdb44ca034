import { toBase64url } from '../../src/bytes.ts';
import { nodeRandom } from '../../src/cli/runtime.ts';
import type { MacRing } from '../../src/identity/mac-keys.ts';

/** A ring of so many random keys, newest first. */
export function macRing(length: number): MacRing {
  const key = () => ({ id: toBase64url(nodeRandom.bytes(3)), secret: toBase64url(nodeRandom.bytes(32)), created: 0 });
  return { v: 1, keys: Array.from({ length }, key) };
}
