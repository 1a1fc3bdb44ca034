import { expect, test } from 'vitest';
import { lintConf, shippedConf, siteWith } from './configuration.ts';

const serious = (main: string) => lintConf(main).filter(({ severity }) => severity !== 'note');

test('the shipped configuration is clean but for the note on its open location', () => {
  expect(serious(shippedConf)).toEqual([]);
  expect(lintConf(shippedConf).map(({ code }) => code)).toEqual(['ungated_proxy']);
});

test('the site that the other tests change is clean', () => {
  expect(serious(siteWith({}))).toEqual([]);
});

test.each(['ext-authz', 'forward-auth', 'auth-url'])('a listener for other proxies is clean: %s', (snippet) => {
  const main = siteWith({
    http: `include fido2/askers.conf; geo $realip_remote_addr $fido2_peer { default no; 10.0.0.7 yes; }
      server {
        listen 10.0.0.5:9191;
        include fido2/${snippet}.conf;
        location ^~ /ask/user/ { auth_request /fido2/authorize/user; include fido2/admit.conf; }
        location ^~ /ask!upgrade/user/ { auth_request /fido2/authorize/user!upgrade; include fido2/admit-user.conf; }
        location ^~ /ask!preflight/user/ { auth_request /fido2/preflight/user; include fido2/admit.conf; }
      }`,
  });
  expect(serious(main)).toEqual([]);
});
