import { accountPage } from '../../src/pages/account.ts';
import {
  type DemoFacts,
  demoAdminPage,
  demoAppPage,
  demoConfPage,
  demoHomePage,
  demoNotFoundPage,
} from '../../src/pages/demo.ts';
import { enrolPage } from '../../src/pages/enrol.ts';
import { errorPage } from '../../src/pages/error.ts';
import { loginPage } from '../../src/pages/login.ts';
import type { Rendered, Site } from '../../src/pages/page.ts';
import { signedOutPage } from '../../src/pages/signed-out.ts';

export const site: Site = { name: 'Northwind', host: 'localhost:8080', help: 'it@northwind.example' };

export const requestOptions = {
  challenge: 'wfJzFbXcPL0-4XkhUdYkLPMDGsFyoYjmUpNzGYJRz3M',
  rpId: 'localhost',
  timeout: 120_000,
  userVerification: 'required',
};

/** Every page that there is, with `text` in each place that takes one from outside. */
export function everyPage(text: string): Readonly<Record<string, Rendered>> {
  const odd: Site = {
    ...{ name: text, host: `h${text}`, origin: `https://${text}`, help: text, logo: text },
    colours: { text: ':root{--accent:#004488}', hash: 'sha256-TmnW2ATT7vVRH4bO+dk3MtmfuR7h0CDLFzkt/L36gBo=' },
  };
  const returnTo = `/${text}`;
  const options = { ...requestOptions, rpId: text };
  const claims = { preferred_username: text, name: text, groups: [text], exp: 1, [text]: text };
  const facts: DemoFacts = {
    token: `${text}.${text}.${text}`,
    header: { alg: text },
    payload: claims,
    verified: true,
    reason: text,
    sawSessionCookie: false,
    remembered: false,
  };
  const refused = { ...facts, verified: false, sawSessionCookie: true };
  return {
    login: loginPage({ site: odd, returnTo, options, before: 'lost' }),
    signedIn: loginPage({ site: odd, returnTo, options, signedIn: { name: text } }),
    stepUp: loginPage({
      site: odd,
      returnTo,
      options,
      signedIn: { name: text },
      stepUp: { kind: 'max_age', last: 1 },
    }),
    stepUpNone: loginPage({
      ...{ site: odd, returnTo, options, signedIn: { name: text } },
      stepUp: { kind: 'none', contact: text },
    }),
    enrol: enrolPage({ site: odd, demands: { models: [text], staysThere: true, shown: true } }),
    enrolSignedIn: enrolPage({ site: odd, signedIn: { name: text } }),
    account: accountPage({ site: odd, user: { name: text, displayName: text } }),
    signedOut: signedOutPage({ site: odd }),
    denied: errorPage({ site: odd, status: 403, code: 'not_allowed', ref: text, user: text, time: text }),
    deniedByPolicy: errorPage({
      ...{ site: odd, status: 403, code: 'not_allowed', ref: text, user: text, time: text },
      ...{ words: text, contact: text, reason: text, confirm: `/${text}` },
    }),
    outOfOrder: errorPage({ site: odd, status: 503, code: 'unfit', ref: text, time: text }),
    demoHome: demoHomePage(odd),
    demoApp: demoAppPage({ site: odd, facts, about: text, leaveWithin: 30 }),
    demoAdmin: demoAdminPage({ site: odd, facts: refused, leaveWithin: null }),
    demoConf: demoConfPage(odd, '# ours\ninclude fido2/http.conf;'),
    demoNotFound: demoNotFoundPage(odd),
  };
}
