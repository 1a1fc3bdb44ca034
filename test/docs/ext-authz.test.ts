import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { askingFilter } from '../nginx/ext-authz-envoy.ts';
import { caddySite, nginxSite } from '../nginx/ext-authz-proxies.ts';
import { documentAt, fenceWith } from './markdown.ts';

const page = documentAt('docs/ext-authz.md');
const places = { port: 8080, answerer: 9191, ask: 'user', app: 3000, site: 8081 };

test('shows Envoy what the real one was run with', () => {
  const shown: unknown = parse(fenceWith(page, 'yaml', 'http_filters:'));
  expect(shown).toEqual({ http_filters: [askingFilter('/ask/user', 'answerer', ['fido2-identity', 'cookie'])] });
});

test('shows Caddy and another nginx what they were run with', () => {
  expect(fenceWith(page, '', 'forward_auth')).toBe(caddySite(places));
  expect(fenceWith(page, 'nginx', 'auth_request_set')).toBe(`${nginxSite(places)}\n`);
});
