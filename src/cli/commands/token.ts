import { readFileSync } from 'node:fs';
import { text as readStream } from 'node:stream/consumers';
import { type PublicJwk, verifyJwt } from '../../crypto/sign.ts';
import { Fido2Error } from '../../errors.ts';
import { readSigningRing } from '../../identity/signing-keys.ts';
import { parseJws } from '../../protocol/jws.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import type { Answer } from '../output.ts';
import { nodeClock, nodeSubtle } from '../runtime.ts';

interface PublishedKey {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
}

export const tokenCommands: readonly Command[] = [
  {
    name: 'token decode',
    parameters: ['<token>'],
    summary: 'show what is in an identity token, unverified; - reads it from standard input',
    example: 'token decode eyJ...',
    run: async (input) => {
      const { header, payload } = parseJws(await readToken(input));
      const document = { header, payload };
      return {
        json: document,
        lines: [JSON.stringify(document, null, 2), 'not verified: ngx-fido2 token verify does that'],
      };
    },
  },
  {
    name: 'token verify',
    parameters: ['<token>'],
    summary: 'check an identity token as an upstream should; - reads it from standard input',
    example: 'token verify - --audience https://app.example.com < token.txt',
    options: [
      { flags: '--jwks <source>', summary: 'URL or file of the key set; default: the keys of the installation' },
      { flags: '--issuer <iss>', summary: 'the issuer it must have; default: the installation’s' },
      { flags: '--audience <aud>', summary: 'the audience it must have; default: the installation’s' },
    ],
    run: verify,
  },
];

async function verify(input: Input): Promise<Answer> {
  const token = await readToken(input);
  const source = input.text('jwks');
  const installation = source === undefined ? input.open() : null;
  const keys = source === undefined ? await ownKeys(input) : keysOf(await readJwks(source), source);
  const issuer = input.text('issuer') ?? installation?.settings.identity.issuer;
  const audience = input.text('audience') ?? installation?.settings.identity.audience;
  try {
    const { header, claims } = await verifyJwt(nodeSubtle, token, keys, nodeClock.now());
    expect('iss', claims.iss, issuer);
    expect('aud', claims.aud, audience);
    return { json: { verified: true, header, payload: claims }, lines: ['verified', JSON.stringify(claims, null, 2)] };
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
    const { code, message } = error;
    return { json: { verified: false, code, detail: message }, lines: [`not verified: ${message}`], refused: true };
  }
}

function expect(claim: string, value: unknown, expected: string | undefined): void {
  if (expected === undefined || value === expected) return;
  const found = JSON.stringify(value) ?? 'absent';
  throw new Fido2Error('token_invalid', `${claim} ${found}, expected ${JSON.stringify(expected)}`);
}

async function readToken(input: Input): Promise<string> {
  const given = input.parameter('token');
  return (given === '-' ? await readStream(process.stdin) : given).trim().replace(/^Fido2-Identity:\s*/i, '');
}

async function ownKeys(input: Input): Promise<readonly PublishedKey[]> {
  return (await readSigningRing(input.open().ports.store))?.value.keys ?? [];
}

async function readJwks(source: string): Promise<unknown> {
  const hint = 'give the address of jwks.json or a file that holds it';
  try {
    if (!/^https?:/.test(source)) return JSON.parse(readFileSync(source, 'utf8'));
    const response = await fetch(source, { redirect: 'error', signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new CommandError(`${source} answers ${response.status}`, hint);
    return await response.json();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${source} cannot be read: ${reason}`, hint, 1, { cause: error });
  }
}

function keysOf(document: unknown, source: string): PublishedKey[] {
  const keys: unknown = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : null;
  if (!Array.isArray(keys)) throw new CommandError(`${source} is no key set`, 'a key set is {"keys": [..]}');
  return keys.flatMap((key: unknown) => {
    if (!isPublicKey(key)) return [];
    const { kty, crv, x, y, kid } = key;
    return [{ kid, publicJwk: { kty, crv, x, y } }];
  });
}

function isPublicKey(key: unknown): key is PublicJwk & { readonly kid: string } {
  if (typeof key !== 'object' || key === null) return false;
  if (!('kty' in key && 'crv' in key && 'x' in key && 'y' in key && 'kid' in key)) return false;
  const texts = typeof key.x === 'string' && typeof key.y === 'string' && typeof key.kid === 'string';
  return key.kty === 'EC' && key.crv === 'P-256' && texts;
}
