import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { addAuthenticator } from '../helpers/browser.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { freePort } from '../helpers/free-port.ts';
import { chromiumPath, needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { serverCertificate } from '../helpers/server-certificate.ts';
import { enrolIn, signIn, signOut } from './site.ts';

const home = 'https://passkeys.example';
const related = 'https://shop.test';
const stranger = 'https://stranger.test';

const runnable = (await Promise.all([needs('nginx'), needs('chromium')])).every(Boolean);

describe.runIf(runnable)('a passkey on a site of another domain', () => {
  let nginx: RunningNginx;
  let page: Page;
  let authenticator: Awaited<ReturnType<typeof addAuthenticator>>;

  beforeAll(async () => {
    const port = await freePort();
    const { certificate, key } = serverCertificate('passkeys.example');
    nginx = await startNginx({
      prepare: (folder) => {
        writeFileSync(join(folder, 'conf/tls.crt'), certificate);
        writeFileSync(join(folder, 'conf/tls.key'), key);
      },
      server: ({ folder }) => `listen 127.0.0.1:${port} ssl;
        ssl_certificate ${folder}/conf/tls.crt;
        ssl_certificate_key ${folder}/conf/tls.key;`,
      locations: `location / { default_type text/html; return 200 '<!doctype html><link rel="icon" href="data:,">'; }`,
      settings: { rp: { id: 'passkeys.example', origins: [home, related] } },
    });
    const spki = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
    const browser = await chromium.launch({
      executablePath: chromiumPath,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
        `--host-resolver-rules=MAP * 127.0.0.1:${port}`,
        `--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`,
      ],
    });
    cleanUp(() => browser.close());
    const context = await browser.newContext();
    page = await context.newPage();
    authenticator = await addAuthenticator(page);
  });

  it('is made and used where the domain lists the site', async () => {
    const there = { ...nginx, origin: related };
    await enrolIn({ page, authenticator }, there, 'ada');
    await signOut({ page }, there);
    await page.goto(`${related}/fido2/login?return_to=%2Fx`);
    await signIn({ page, authenticator }, `${related}/x`);
    await page.goto(`${home}/fido2/login?return_to=%2Fy`);
    await signIn({ page, authenticator }, `${home}/y`);
  });

  it('is refused by the browser itself elsewhere', async () => {
    await page.goto(`${stranger}/`);
    await authenticator.present(true);
    const outcome = await page.evaluate(`navigator.credentials
      .get({ publicKey: { challenge: new Uint8Array(16), rpId: 'passkeys.example' } })
      .then(() => 'signed', (error) => error.name)`);
    expect(outcome).toBe('SecurityError');
  });
});
