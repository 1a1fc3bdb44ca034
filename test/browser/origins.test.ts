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
import { startUpstream } from '../helpers/upstream.ts';
import { enrolIn, signIn, signOut } from './site.ts';

const home = 'https://passkeys.example';
const related = 'https://shop.test';
const stranger = 'https://stranger.test';
const partner = 'https://partner.test';

/** Signs in within the frame that it is in, and tells the page around it what came of that. */
const framed = `<!doctype html><script>
const post = (path, body) =>
  fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
async function signIn() {
  const options = await (await post('/fido2/assertion/options', {})).json();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  return (await post('/fido2/assertion/result', credential.toJSON())).status;
}
signIn().catch((error) => error.name).then((outcome) => parent.postMessage(outcome, '*'));
</script>`;
const plain = '<!doctype html><link rel="icon" href="data:,"><title></title>';
const around = `${plain}
<script>onmessage = ({ data }) => { document.title = data; };</script>
<iframe src="${home}/framed" allow="publickey-credentials-get *"></iframe>`;

const runnable = (await Promise.all([needs('nginx'), needs('chromium')])).every(Boolean);

describe.runIf(runnable)('a passkey in a real browser', () => {
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
      upstream: await startUpstream(({ url }, response) => {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(url === '/framed' ? framed : url === '/around' ? around : plain);
      }),
      settings: { rp: { id: 'passkeys.example', origins: [home, related], topOrigins: [partner] } },
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

  it('is made and used on a site of another domain that its own lists', async () => {
    const there = { ...nginx, origin: related };
    await enrolIn({ page, authenticator }, there, 'ada');
    await signOut({ page }, there);
    await page.goto(`${related}/fido2/login?return_to=%2Fx`);
    await signIn({ page, authenticator }, `${related}/x`);
    await page.goto(`${home}/fido2/login?return_to=%2Fy`);
    await signIn({ page, authenticator }, `${home}/y`);
  });

  it.each([
    ['listed', partner, '200', 'done', undefined],
    ['not listed', stranger, '401', 'refused', '7.2.14'],
  ])('is used in a frame within a page that is %s', async (_, top, status, outcome, step) => {
    await authenticator.present(true);
    await page.goto(`${top}/around`);
    await expect.poll(() => page.title(), { timeout: 20_000 }).toBe(status);
    await authenticator.present(false);
    expect(nginx.audit().at(-1)).toMatchObject({ event: 'login', outcome, ...(step === undefined ? {} : { step }) });
  });

  it('is refused by the browser itself on a site that nobody listed', async () => {
    await page.goto(`${stranger}/`);
    await authenticator.present(true);
    const outcome = await page.evaluate(`navigator.credentials
      .get({ publicKey: { challenge: new Uint8Array(16), rpId: 'passkeys.example' } })
      .then(() => 'signed', (error) => error.name)`);
    expect(outcome).toBe('SecurityError');
  });
});
