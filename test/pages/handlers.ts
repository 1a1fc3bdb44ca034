import { randomBytes } from 'node:crypto';
import type { Answer } from './stub-site.ts';

const ref = '7f3a91c2';
const day = 86_400_000;
const now = Date.UTC(2026, 10, 24, 9);

function challenge(): string {
  return randomBytes(32).toString('base64url');
}

export function problem(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: { type: 'about:blank', title: 'A title', status, code, ref }, headers };
}

export function requestOptions(): Answer {
  return {
    status: 200,
    body: { challenge: challenge(), rpId: 'localhost', timeout: 120_000, userVerification: 'required' },
  };
}

export function creationOptions(name = 'alice', displayName = 'Alice Meyer'): Answer {
  return {
    status: 200,
    body: {
      challenge: challenge(),
      rp: { id: 'localhost', name: 'Northwind' },
      user: { id: 'AAECAwQFBgcICQoLDA0ODw', name, displayName },
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      timeout: 120_000,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      inviteExpires: now + day,
    },
  };
}

export function registered(body: unknown): Answer {
  const { id, name } = body as { readonly id: string; readonly name: string };
  return { status: 201, body: { credentialId: id, user: 'alice', name } };
}

/** What GET /account/state answers, for a person with these passkeys out of four. */
export function accountState(...ids: readonly ('laptop' | 'phone' | 'desktop' | 'key')[]): Answer {
  const onDevice = { transports: ['internal'] };
  const known = {
    laptop: {
      id: 'bGFwdG9w',
      name: 'Work laptop',
      backupEligible: true,
      backedUp: false,
      lastUsed: now - day,
      ...onDevice,
    },
    phone: {
      id: 'cGhvbmU',
      name: 'Phone',
      backupEligible: true,
      backedUp: true,
      lastUsed: now,
      transports: ['hybrid'],
    },
    desktop: {
      id: 'ZGVzaw',
      name: 'Desktop',
      backupEligible: false,
      backedUp: false,
      lastUsed: now - day,
      ...onDevice,
    },
    key: {
      id: 'a2V5',
      name: 'Key in the safe',
      backupEligible: false,
      backedUp: false,
      lastUsed: null,
      transports: ['usb'],
    },
  };
  const credentials = ids.map((id, index) => ({
    ...known[id],
    aaguid: '00000000-0000-0000-0000-000000000000',
    created: now - 30 * day,
    current: index === 0,
  }));
  const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const session = { created: now - day, lastSeen: now, userAgent, address: '192.0.2.7' };
  return {
    status: 200,
    body: {
      user: { id: 'AAECAwQFBgcICQoLDA0ODw', name: 'alice', displayName: 'Alice Meyer', groups: [] },
      rpId: 'localhost',
      credentials,
      sessions: [
        { ...session, sid: 's1', credential: credentials[0]?.id, current: true },
        { ...session, sid: 's2', credential: 'a2V5', current: false },
      ],
      activity: [
        { event: 'login', time: now, name: 'Phone', address: '192.0.2.7' },
        { event: 'registration', time: now - day, name: 'Phone', address: '2001:db8::7' },
        { event: 'of a later version', time: now - day, name: 'Phone', address: '' },
      ],
      fresh: true,
    },
  };
}
