import { generateSigningKey } from '../../crypto/sign.ts';
import { readMacRing, rotateMacRing } from '../../identity/mac-keys.ts';
import {
  jwksOf,
  publishedUntil,
  readSigningRing,
  revokeSigningKeys,
  type SigningKeyRecord,
  type SigningRing,
  signingKeyAt,
  withNewKey,
} from '../../identity/signing-keys.ts';
import { formatDuration } from '../../policy/duration.ts';
import { signingRingKey } from '../../store/keys.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { type Answer, isoTime, table } from '../output.ts';

export const keyCommands: readonly Command[] = [
  {
    name: 'keys list',
    summary: 'list the keys of tokens and of cookies, without secrets',
    example: 'keys list',
    run: async (input) => {
      const { ports, settings } = input.open();
      const now = ports.clock.now();
      const ring = (await readSigningRing(ports.store))?.value;
      const current = ring === undefined ? null : signingKeyAt(ring, now);
      const signing = (ring?.keys ?? []).map((key) => {
        const until = ring === undefined ? null : publishedUntil(ring, key.kid, settings.keys);
        return {
          kid: key.kid,
          state: stateOf(key, current, now),
          created: isoTime(key.created),
          signsFrom: isoTime(key.signsFrom),
          publishedUntil: until === null ? null : isoTime(until),
        };
      });
      const macKeys = (await readMacRing(ports.store))?.value.keys ?? [];
      const mac = macKeys.map(({ id, created }, i) => ({
        id,
        state: i === 0 ? 'signs' : 'verifies',
        created: isoTime(created),
      }));
      return {
        json: { signing, mac },
        lines: [
          ...table(
            ['TOKEN KEY', 'STATE', 'CREATED', 'SIGNS FROM', 'PUBLISHED UNTIL'],
            signing.map((key) => Object.values(key).map((value) => value ?? 'the next one signs')),
          ),
          '',
          ...table(
            ['COOKIE KEY', 'STATE', 'CREATED'],
            mac.map((key) => Object.values(key)),
          ),
        ],
      };
    },
  },
  {
    name: 'keys rotate',
    summary: 'publish a new token key that signs later, or with --mac make a new cookie key',
    example: 'keys rotate',
    options: [
      { flags: '--mac', summary: 'rotate the key of cookies and challenges instead' },
      { flags: '--now', summary: 'with --mac: drop the old key too, which signs everybody out' },
    ],
    run: async (input) => {
      if (input.flag('now') && !input.flag('mac')) {
        throw new CommandError('--now goes with --mac', 'a token key signs only after it was published for a while', 2);
      }
      return input.flag('mac') ? rotateMac(input, input.flag('now')) : rotateSigning(input);
    },
  },
  {
    name: 'keys revoke',
    parameters: ['[kid]'],
    summary: 'trust a token key no longer: its tokens stop being verifiable, and a new key signs at once',
    example: 'keys revoke --current',
    options: [
      { flags: '--current', summary: 'the key that signs now' },
      { flags: '--all', summary: 'every token key: after a leak of the store' },
    ],
    run: revoke,
  },
  {
    name: 'jwks',
    summary: 'print the key set that verifies tokens, to stand inline in a mesh’s configuration',
    example: 'jwks > jwks.json',
    run: async (input) => {
      const ring = await requireRing(input);
      const jwks = jwksOf(ring);
      return { json: jwks, lines: [JSON.stringify(jwks)] };
    },
  },
];

async function requireRing(input: Input): Promise<SigningRing> {
  const ring = await readSigningRing(input.open().ports.store);
  if (ring === null) throw new CommandError('there are no token keys yet', 'nginx makes them at its first start');
  return ring.value;
}

async function revoke(input: Input): Promise<Answer> {
  const kid = input.parameter('kid');
  if ([kid !== '', input.flag('current'), input.flag('all')].filter(Boolean).length !== 1) {
    throw new CommandError('say which key: a kid, --current or --all', 'ngx-fido2 keys list', 2);
  }
  const before = await requireRing(input);
  if (kid !== '' && !before.keys.some((key) => key.kid === kid)) {
    throw new CommandError(`there is no token key ${JSON.stringify(kid)}`, 'ngx-fido2 keys list');
  }
  const { ports, subtle, audit } = input.open();
  const now = ports.clock.now();
  const choose = (ring: SigningRing): string[] => {
    if (input.flag('all')) return ring.keys.map((key) => key.kid);
    return [input.flag('current') ? (signingKeyAt(ring, now)?.kid ?? '') : kid];
  };
  const after = await revokeSigningKeys(ports.store, choose, await generateSigningKey(subtle), now);
  const left = after.keys.map((key) => key.kid);
  const revoked = before.keys.map((key) => key.kid).filter((each) => !left.includes(each));
  const signs = signingKeyAt(after, now)?.kid ?? '';
  audit('keys_revoke', { ring: 'signing', keys: revoked, signs });
  return {
    json: { revoked, signs },
    lines: [
      `revoked: ${revoked.join(', ')}`,
      `key ${signs} signs within 2s, and no token of a revoked key is given any more`,
      'an upstream believes a revoked key until it fetches the key set again: make those fetch it that hold it longer',
    ],
  };
}

async function rotateMac(input: Input, now: boolean): Promise<Answer> {
  const { ports, audit } = input.open();
  const [key] = (await rotateMacRing(ports, { now })).keys;
  const id = key?.id ?? '';
  audit('keys_rotate', { ring: 'mac', key: id, now });
  const effect = now ? 'everybody is signed out within seconds' : 'nobody is signed out';
  return { json: { ring: 'mac', key: id, signedOut: now }, lines: [`cookies are made with key ${id}: ${effect}`] };
}

async function rotateSigning(input: Input): Promise<Answer> {
  const { ports, settings, subtle, audit } = input.open();
  const stored = await readSigningRing(ports.store);
  const key = await generateSigningKey(subtle);
  const ring = withNewKey(stored?.value ?? null, key, ports.clock.now(), settings.keys);
  if ((await ports.store.putIf(signingRingKey, ring, stored?.version ?? null)) === null) {
    throw new CommandError('somebody else rotates the keys at this moment', 'look at ngx-fido2 keys list');
  }
  const signsFrom = isoTime(ring.keys.find(({ kid }) => kid === key.kid)?.signsFrom ?? 0);
  audit('keys_rotate', { ring: 'signing', key: key.kid, signsFrom });
  return {
    json: { ring: 'signing', key: key.kid, signsFrom },
    lines: [
      `key ${key.kid} is published and signs from ${signsFrom}`,
      `the one before stays published for ${formatDuration(settings.keys.retire)} after that`,
    ],
  };
}

function stateOf(key: SigningKeyRecord, current: SigningKeyRecord | null, now: number): string {
  if (key.kid === current?.kid) return 'signs';
  return key.signsFrom > now ? 'published' : 'retiring';
}
