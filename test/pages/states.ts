import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { demoConf } from '../../src/cli/start/demo-conf.ts';
import { accountPage } from '../../src/pages/account.ts';
import { type DemoFacts, demoAppPage, demoConfPage, demoHomePage } from '../../src/pages/demo.ts';
import { enrolPage } from '../../src/pages/enrol.ts';
import { errorPage } from '../../src/pages/error.ts';
import { loginPage } from '../../src/pages/login.ts';
import type { Site } from '../../src/pages/page.ts';
import { signedOutPage } from '../../src/pages/signed-out.ts';
import { english, readTexts } from '../../src/pages/texts.ts';
import type { TabAuthenticator } from '../helpers/browser.ts';
import { accountState, creationOptions, problem, registered, requestOptions as signInOptions } from './handlers.ts';
import { requestOptions, site } from './samples.ts';
import type { StubSite } from './stub-site.ts';

const returnTo = '/reports/2026?team=north';
const time = '2026-11-24T09:00:00.000Z';
const options = requestOptions;
const signedIn = { name: 'alice' };
const signedOutFor = { site, returnTo, options, before: 'ended' } as const;
const stepUp = { kind: 'max_age', last: Date.parse(time) - 12 * 60_000 } as const;
const user = { name: 'alice', displayName: 'Alice Meyer' };
const denied = { site, status: 403, code: 'not_allowed', ref: '7f3a91c2', user: 'alice', time } as const;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = { alg: 'ES256', typ: 'JWT', kid: 'k2f9Xq3ZbWc' };
const payload = {
  ...{ iss: 'http://localhost:8080', aud: 'http://localhost:8080', sub: 'Q2hlY2sgdGhpcyBvdXQgMQ' },
  ...{ preferred_username: 'alice', name: 'Alice Meyer', groups: ['admins', 'staff'] },
  ...{ iat: 1_795_510_800, nbf: 1_795_510_800, exp: 1_795_510_920, acr: 'phr', amr: ['pop', 'user'] },
};
export const facts: DemoFacts = {
  ...{ token: `${part(header)}.${part(payload)}.${'c2lnbmF0dXJl'.repeat(7)}`, header, payload },
  ...{ verified: true, reason: '', sawSessionCookie: false, remembered: true },
};

const yubikeys = [
  'fa2b99dc-9e39-4257-8f92-4a30d23c4118',
  '2fc0579f-8113-47ea-b116-bb5a8db9202a',
  'ee041bce-25e5-4cdb-8f86-897fd6418464',
];
const german: Site = { ...site, texts: readTexts(readFileSync('nginx-conf/texts/de.json', 'utf8'), 'de') };
export const setting = { about: 'nginx 1.30.6, njs 1.0.2', leaveWithin: 30 };
const conf = demoConf({
  ...{ folder: '/srv/site', modules: '/usr/lib/nginx/modules', workerUser: null, workers: 'auto' },
  ...{ listen: ['127.0.0.1:8080'], upstream: '/srv/site/run/upstream.sock' },
});

/** Every page, and the handlers' answers that lead to its states. */
export const samples: Pick<StubSite, 'pages' | 'answers'> = {
  pages: {
    '/login': loginPage({ site, returnTo, options }),
    '/ended': loginPage(signedOutFor),
    '/signed-in': loginPage({ site, returnTo, options, signedIn }),
    '/step-up': loginPage({ site, returnTo, options, signedIn, stepUp }),
    '/enrol': enrolPage({ site, signedIn: null }),
    '/enrol-attested': enrolPage({
      site,
      signedIn: null,
      demands: { models: yubikeys, staysThere: true, shown: true },
    }),
    '/enrol-other': enrolPage({ site, signedIn: { name: 'bert' } }),
    '/account': accountPage({ site, user }),
    '/account-single': accountPage({ site: { ...site, prefix: '/single' }, user }),
    '/step-up-none': loginPage({ site, returnTo, options, signedIn, stepUp: { kind: 'none' } }),
    '/denied-other-passkey': errorPage({ ...denied, code: 'authenticator_not_allowed', confirm: '/step-up' }),
    '/busy': loginPage({ site: { ...site, prefix: '/busy' }, returnTo, options, signedIn, stepUp }),
    '/german': loginPage({ site: german, returnTo, options }),
    '/right-to-left': loginPage({
      site: { ...site, texts: { ...english, language: 'ar', direction: 'rtl' } },
      returnTo,
      options,
    }),
    '/enrol-refused': enrolPage({ site: { ...site, prefix: '/refused' }, signedIn: null }),
    '/account-german': accountPage({ site: german, user }),
    '/signed-out': signedOutPage({ site }),
    '/denied': errorPage(denied),
    '/denied-by-policy': errorPage({
      ...denied,
      ...{ words: 'Payroll is open to the payroll team only.', contact: 'payroll@northwind.example' },
    }),
    '/denied-with-reason': errorPage({
      ...denied,
      reason: 'Refused by policy payroll: it needs one of the groups payroll.',
    }),
    '/form-lost': loginPage({ site, returnTo: '/', options, signedIn, stepUp, before: 'lost' }),
    '/unfit': errorPage({ site, status: 503, code: 'unfit', ref: '7f3a91c2', time }),
    '/demo': demoHomePage(site),
    '/demo-conf': demoConfPage(site, conf),
    '/demo-app': demoAppPage({ site, facts, ...setting }),
    '/demo-bad': demoAppPage({
      site,
      ...setting,
      facts: { ...facts, verified: false, reason: 'signature verification failed', sawSessionCookie: true },
    }),
  },
  answers: {
    '/fido2/attestation/options': () => creationOptions(),
    '/fido2/attestation/result': registered,
    '/fido2/assertion/options': signInOptions,
    '/fido2/assertion/result': () => problem(401, 'authentication_failed'),
    '/fido2/session': () => problem(401, 'session_required'),
    '/fido2/account/state': () => accountState('phone', 'laptop', 'key'),
    '/refused/attestation/options': () => creationOptions(),
    '/refused/attestation/result': () => problem(403, 'attestation_untrusted'),
    '/busy/assertion/options': () => problem(429, 'too_many_requests', { 'retry-after': '40' }),
    '/single/account/state': () => accountState('phone'),
    '/app': () => problem(401, 'session_required'),
    '/admin': () => problem(401, 'step_up_required'),
  },
};

interface State {
  readonly path: string;
  /** What to do there. */
  readonly reach?: (page: Page, authenticator: TabAuthenticator) => Promise<void>;
}

function press(selector: string, then: string): NonNullable<State['reach']> {
  return async (page) => {
    await page.click(selector);
    await page.waitForSelector(then);
  };
}

function shown(selector: string): NonNullable<State['reach']> {
  return async (page) => {
    await page.waitForSelector(selector);
  };
}

async function cancel(page: Page): Promise<void> {
  await page.click('#go');
  await page.click('#cancel');
  await page.waitForSelector('#cancel', { state: 'hidden' });
  await page.mouse.move(0, 0);
}

/** States that pages have, by name. */
export const states: Readonly<Record<string, State>> = {
  'sign-in': { path: '/login' },
  'sign-in-help': {
    path: '/ended',
    reach: async (page) => {
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
  },
  'sign-in-elsewhere': { path: '/login', reach: press('#go', '[data-view="elsewhere"]:visible') },
  'sign-in-refused': {
    path: '/enrol#code',
    reach: async (page, authenticator) => {
      await authenticator.present(true);
      await press('#create', '#passkey-name:visible')(page, authenticator);
      await authenticator.present(false);
      await page.goto(new URL('/step-up', page.url()).href);
      await authenticator.present(true);
      await press('#go', '#alert p')(page, authenticator);
      await authenticator.present(false);
    },
  },
  'step-up': { path: '/step-up' },
  'step-up-waiting': { path: '/step-up', reach: press('#go', '#cancel:visible') },
  'step-up-cancelled': { path: '/step-up', reach: cancel },
  'step-up-busy': {
    path: '/busy',
    reach: async (page, authenticator) => {
      await cancel(page);
      await press('#go', '#alert p')(page, authenticator);
    },
  },
  'sign-in-german': { path: '/german', reach: shown('#username:visible') },
  'sign-in-right-to-left': { path: '/right-to-left', reach: shown('#username:visible') },
  'step-up-none': { path: '/step-up-none' },
  'denied-other-passkey': { path: '/denied-other-passkey' },
  'signed-in': { path: '/signed-in' },
  enrol: { path: '/enrol#code', reach: shown('#create:visible') },
  'enrol-attested': { path: '/enrol-attested#code', reach: shown('#create:visible') },
  'enrol-refused': {
    path: '/enrol-refused#code',
    reach: async (page, authenticator) => {
      await authenticator.clear();
      await authenticator.present(true);
      await press('#create', '#alert p')(page, authenticator);
      await authenticator.present(false);
    },
  },
  'enrol-done': {
    path: '/enrol#code',
    reach: async (page, authenticator) => {
      await authenticator.clear();
      await authenticator.present(true);
      await press('#create', '#passkey-name:visible')(page, authenticator);
      await authenticator.present(false);
    },
  },
  'enrol-dead-link': { path: '/enrol', reach: shown('[data-view="dead"]:visible') },
  'enrol-other-user': { path: '/enrol-other#code', reach: shown('[data-view="other"]:visible') },
  account: { path: '/account', reach: shown('#passkeys:visible') },
  'account-single': { path: '/account-single', reach: shown('#notice p') },
  'account-german': { path: '/account-german', reach: shown('#passkeys:visible') },
  'account-rename': { path: '/account', reach: press('#keys button', '#keys input') },
  'account-remove': { path: '/account', reach: press('#keys .danger', 'dialog[open]') },
  'signed-out': { path: '/signed-out' },
  denied: { path: '/denied' },
  'denied-by-policy': { path: '/denied-by-policy' },
  'denied-with-reason': { path: '/denied-with-reason' },
  'form-lost': { path: '/form-lost' },
  'out-of-order': { path: '/unfit' },
  demo: { path: '/demo' },
  'demo-conf': { path: '/demo-conf' },
  'demo-app': { path: '/demo-app' },
  'demo-tried': { path: '/demo-app', reach: press('#anonymous', '#anonymous-answer pre') },
  'demo-refused': { path: '/demo-bad' },
};
