import { expect } from 'vitest';
import type { Visitor } from '../helpers/browser.ts';
import { invite } from '../helpers/client.ts';
import { type NginxOptions, type RunningNginx, startNginx } from '../helpers/nginx.ts';
import type { Members } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

export interface BrowserSite {
  readonly nginx: RunningNginx;
  readonly upstream: Upstream;
}

/** Heading of the upstream's every page. */
export const upstreamHeading = 'Behind the gate';

/** The real site before an upstream whose pages say what was asked for. */
export async function startSite(
  settings: Members = {},
  more: Pick<NginxOptions, 'prepare' | 'locations'> = {},
): Promise<BrowserSite> {
  const upstream = await startUpstream((arrived, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    const path = arrived.url.replace(/[&<>]/g, '');
    response.end(
      `<!doctype html><link rel="icon" href="data:,"><title>app</title><h1>${upstreamHeading}</h1><p>${path}</p>`,
    );
  });
  return { upstream, nginx: await startNginx({ upstream, settings, ...more }) };
}

/** Opens a new link for the user and creates a passkey with it, as far as the page that says so. */
export async function enrolIn(
  { page, authenticator }: Pick<Visitor, 'page' | 'authenticator'>,
  nginx: RunningNginx,
  user: string,
  groups: readonly string[] = [],
): Promise<void> {
  const { code } = await invite(nginx, { user, groups });
  await page.goto(`${nginx.origin}/fido2/enrol#${code}`);
  await page.waitForSelector('#create:visible');
  await authenticator.present(true);
  await page.click('#create');
  await page.waitForSelector('#passkey-name:visible');
  await authenticator.present(false);
}

/** Presses the button of the sign-in page and touches the authenticator; waits until the browser has gone on to there. */
export async function signIn(
  { page, authenticator }: Pick<Visitor, 'page' | 'authenticator'>,
  target: string,
): Promise<void> {
  await page.waitForSelector('#go:visible');
  await authenticator.present(true);
  await page.click('#go');
  // Another tab's sign-in may start the same way at the same moment, which ends the navigation that was awaited.
  await expect.poll(() => page.url(), { timeout: 30_000 }).toBe(target);
  await authenticator.present(false);
}

/** Signs out by the form on the account page. */
export async function signOut({ page }: Pick<Visitor, 'page'>, nginx: RunningNginx): Promise<void> {
  await page.goto(`${nginx.origin}/fido2/account`);
  await page.click('header button');
  await page.waitForURL(`${nginx.origin}/fido2/signed-out`);
}
