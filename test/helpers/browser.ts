import { randomBytes } from 'node:crypto';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { afterEach, expect } from 'vitest';
import { cleanUp } from './cleanup.ts';
import { chromiumPath } from './needs.ts';

/** Chromium without the requests that it makes of its own accord; pages come back from its memory as for people. */
export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({
    executablePath: chromiumPath,
    args,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** The authenticator of one tab. */
export interface TabAuthenticator {
  /** Whether somebody touches it whenever it asks, or nobody ever does. */
  present(yes: boolean): Promise<void>;
  /** Whether whoever touches it passes its check of fingerprint, face or PIN. */
  verifies(yes: boolean): Promise<void>;
  /** Ids of the passkeys on it. */
  ids(): Promise<string[]>;
  /** What it calls the accounts of its passkeys. */
  accounts(): Promise<{ readonly name: string; readonly displayName: string }[]>;
  /** Lays a second one beside it, whose passkeys of the same accounts no site knows; counts those. */
  besideStale(): Promise<() => Promise<number>>;
  /** Puts its passkeys on another one too, as a password manager does. */
  shareWith(other: TabAuthenticator): Promise<void>;
  clear(): Promise<void>;
  /** Lays it aside and takes a new, empty one of this kind. */
  use(transport: 'internal' | 'usb'): Promise<void>;
  /** Takes a passkey of another one. */
  add(credential: StoredPasskey): Promise<void>;
}

type StoredPasskey = Awaited<ReturnType<typeof credentialsOn>>[number];

async function credentialsOn(session: CDPSession, authenticatorId: string) {
  return (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
}

export interface AuthenticatorOptions {
  readonly transport?: 'internal' | 'usb';
  /** Its passkeys are synced, and so in many places. */
  readonly synced?: boolean;
}

export interface VisitorOptions extends AuthenticatorOptions {
  /**
   * The browser offers saved accounts beside the form, which a virtual authenticator answers at any moment, before
   * the button or after it. Off, so that the button alone asks.
   */
  readonly savedAccounts?: boolean;
  /** What the browser asks for (Accept-Language). */
  readonly locale?: string;
}

/** As a browser without conditional mediation says it. */
const withoutSavedAccounts = `if (isSecureContext) {
  const { getClientCapabilities } = PublicKeyCredential;
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  PublicKeyCredential.getClientCapabilities = async () => ({
    ...(await getClientCapabilities.call(PublicKeyCredential)),
    conditionalGet: false,
  });
}`;

/** A virtual authenticator, not yet touched by anybody. */
export async function addAuthenticator(
  page: Page,
  { transport = 'internal', synced = false }: AuthenticatorOptions = {},
): Promise<TabAuthenticator> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const create = async (kind: 'internal' | 'usb') => {
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: kind,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
        defaultBackupEligibility: synced,
        defaultBackupState: synced,
      },
    });
    return authenticatorId;
  };
  let authenticatorId = await create(transport);
  return {
    async present(enabled) {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async verifies(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async ids() {
      const credentials = await credentialsOn(session, authenticatorId);
      return credentials.map(({ credentialId }) => Buffer.from(credentialId, 'base64').toString('base64url'));
    },
    async accounts() {
      const credentials = await credentialsOn(session, authenticatorId);
      return credentials.map(({ userName = '', userDisplayName = '' }) => ({
        name: userName,
        displayName: userDisplayName,
      }));
    },
    async besideStale() {
      const second = await create('usb');
      for (const credential of await credentialsOn(session, authenticatorId)) {
        const credentialId = randomBytes(32).toString('base64');
        await session.send('WebAuthn.addCredential', {
          authenticatorId: second,
          credential: { ...credential, credentialId },
        });
      }
      return async () => (await credentialsOn(session, second)).length;
    },
    async shareWith(other) {
      for (const credential of await credentialsOn(session, authenticatorId)) await other.add(credential);
    },
    async clear() {
      await session.send('WebAuthn.clearCredentials', { authenticatorId });
    },
    async use(kind) {
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
      authenticatorId = await create(kind);
    },
    async add(credential) {
      await session.send('WebAuthn.addCredential', { authenticatorId, credential });
    },
  };
}

/** A person's browser: tabs that share cookies. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly authenticator: TabAuthenticator;
  /** Errors on a console, exceptions, breaches of a policy, requests to other hosts. None may be left at a test's end. */
  readonly complaints: string[];
  /** One more tab, its authenticator with the passkeys of the first. */
  newTab(): Promise<{ readonly page: Page; readonly authenticator: TabAuthenticator }>;
  /** Removes and returns what the console said of answers that are no success. */
  takeRefusals(): string[];
}

let browser: Promise<Browser> | null = null;
const visitors = new Set<Visitor>();

afterEach(async () => {
  const complaints: string[] = [];
  for (const visitor of visitors) {
    await visitor.context.close();
    complaints.push(...visitor.complaints);
  }
  visitors.clear();
  expect(complaints).toEqual([]);
});

/** One browser a file. */
function running(): Promise<Browser> {
  browser ??= launch().then((started) => {
    cleanUp(() => started.close());
    return started;
  });
  return browser;
}

/** Somebody with an empty browser and a new authenticator, who sees nothing but this origin. */
export async function visit(origin: string, options: VisitorOptions = {}): Promise<Visitor> {
  const context = await (await running()).newContext({ reducedMotion: 'reduce', locale: options.locale ?? 'en-US' });
  if (options.savedAccounts !== true) await context.addInitScript(withoutSavedAccounts);
  const complaints: string[] = [];
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) complaints.push(`a request to ${url}`);
  });
  context.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error') complaints.push(`${message.text()} ${url.replace(origin, '')}`);
  });
  context.on('weberror', (error) => complaints.push(error.error().message));
  const open = async () => {
    const page = await context.newPage();
    return { page, authenticator: await addAuthenticator(page, options) };
  };
  const first = await open();
  const visitor: Visitor = {
    context,
    complaints,
    ...first,
    async newTab() {
      const tab = await open();
      await first.authenticator.shareWith(tab.authenticator);
      return tab;
    },
    takeRefusals() {
      const isRefusal = (text: string) => text.startsWith('Failed to load resource: the server responded with');
      const refusals = complaints.filter(isRefusal);
      complaints.splice(0, complaints.length, ...complaints.filter((text) => !isRefusal(text)));
      return refusals.map((text) => text.replace(/^.*status of (\d+) \([^)]*\) /, '$1 '));
    },
  };
  visitors.add(visitor);
  return visitor;
}
