import { generateSigningKey } from '../../crypto/sign.ts';
import { readMacRing, rotateMacRing } from '../../identity/mac-keys.ts';
import { readSigningRing, type SigningKeyRecord, signingKeyAt, withNewKey } from '../../identity/signing-keys.ts';
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
      const { ports } = input.open();
      const now = ports.clock.now();
      const ring = (await readSigningRing(ports.store))?.value;
      const current = ring === undefined ? null : signingKeyAt(ring, now);
      const signing = (ring?.keys ?? []).map((key) => ({
        kid: key.kid,
        state: stateOf(key, current, now),
        created: isoTime(key.created),
        signsFrom: isoTime(key.signsFrom),
      }));
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
            ['TOKEN KEY', 'STATE', 'CREATED', 'SIGNS FROM'],
            signing.map((key) => Object.values(key)),
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
];

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
