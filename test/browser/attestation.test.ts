import { beforeAll, describe, expect, it } from 'vitest';
import { visit } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { readUser } from '../helpers/records.ts';
import { type BrowserSite, enrolIn, startSite } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

describe.runIf(available)('a site that asks who made the authenticator', () => {
  let site: BrowserSite;

  beforeAll(async () => {
    const extensions = { credProtect: 'userVerificationRequired', minPinLength: true };
    const passkeys = { attestation: 'direct', extensions, unsolicitedExtensions: 'refuse' };
    site = await startSite({ passkeys });
  });

  it('enrols what a browser answers, whose maker it does not know', async () => {
    const visitor = await visit(site.nginx.origin, { transport: 'usb' });
    await enrolIn(visitor, site.nginx, 'ada');
    expect((await readUser(site.nginx, 'ada')).credentials).toMatchObject([{ format: 'packed', attested: false }]);
  });
});
