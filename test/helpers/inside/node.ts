import fs from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { shake256 } from '@noble/hashes/sha3.js';
import { NeedsNode } from './needs-node.ts';

/** What tests may import of node:crypto, node:fs and node:url where they run in nginx. */
export const webcrypto = crypto;

export function randomBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  crypto.getRandomValues(bytes);
  return bytes;
}

/** SHA-256 and SHAKE256 alone. */
export function createHash(name: string, { outputLength = 32 }: { readonly outputLength?: number } = {}) {
  if (name !== 'sha256' && name !== 'shake256') throw new NeedsNode(`needs ${name}`);
  const state = name === 'sha256' ? sha256.create() : shake256.create({ dkLen: outputLength });
  const hash = {
    update(data: Uint8Array | string) {
      state.update(typeof data === 'string' ? new TextEncoder().encode(data) : data);
      return hash;
    },
    digest: (encoding?: BufferEncoding) => {
      const bytes = Buffer.from(state.digest());
      return encoding === undefined ? bytes : bytes.toString(encoding);
    },
  };
  return hash;
}

export function existsSync(path: string): boolean {
  try {
    fs.statSync(path);
    return true;
  } catch (_) {
    return false;
  }
}

export function readFileSync(path: string, encoding: 'utf8'): string {
  return fs.readFileSync(path, encoding);
}

export function fileURLToPath({ pathname }: { readonly pathname: string }): string {
  return pathname;
}
