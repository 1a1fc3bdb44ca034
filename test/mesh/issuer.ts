import { createServer } from 'node:http';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey, importSigningKey, signJwt } from '../../src/crypto/sign.ts';
import {
  isRotationDue,
  jwksOf,
  type KeySchedule,
  type SigningRing,
  signingKeyAt,
  withNewKey,
  withoutRetired,
  withoutRevoked,
} from '../../src/identity/signing-keys.ts';
import type { KeySource } from '../../src/mesh/target.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { claims } from './tokens.ts';

/** The edge as a mesh sees it: a key set to fetch, and tokens. */
export interface Issuer {
  readonly keys: KeySource;
  /** How many keys have signed so far. */
  readonly signers: ReadonlySet<string>;
  /** While it is, nobody gets the key set. */
  isDown: boolean;
  /** A token of ana by the key whose turn it is. */
  token(): Promise<string>;
  /** What nginx does every so often: publishes what is due, drops what is over. */
  advance(): Promise<void>;
  /** Drops the key that signs; the next one signs at once. */
  revoke(): Promise<void>;
}

const newKey = () => generateSigningKey(nodeSubtle);

/** Token keys in the ring of the product, under a schedule of seconds. */
export async function startIssuer(schedule: KeySchedule): Promise<Issuer> {
  let ring: SigningRing = withNewKey(null, await newKey(), Date.now(), schedule);
  const signers = new Set<string>();
  const signerOf = (now: number) => {
    const signer = signingKeyAt(ring, now);
    if (signer === null) throw new Error('there is no key');
    return signer;
  };
  const issuer = {
    keys: { kind: 'remote', uri: '' } as KeySource,
    signers,
    isDown: false,
    token: async () => {
      const signer = signerOf(Date.now());
      signers.add(signer.kid);
      return signJwt(await importSigningKey(nodeSubtle, signer), { typ: 'JWT' }, claims());
    },
    advance: async () => {
      const now = Date.now();
      if (isRotationDue(ring, now, schedule)) ring = withNewKey(ring, await newKey(), now, schedule);
      ring = withoutRetired(ring, now, schedule) ?? ring;
    },
    revoke: async () => {
      const now = Date.now();
      ring = withoutRevoked(ring, [signerOf(now).kid], await newKey(), now);
    },
  };
  const server = createServer((_, response) => {
    if (issuer.isDown) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(jwksOf(ring)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  issuer.keys = { kind: 'remote', uri: `http://127.0.0.1:${address.port}/jwks.json` };
  return issuer;
}
