import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseSettings } from '../../src/policy/settings.ts';

const example = readFileSync(new URL('../../nginx-conf/fido2.json', import.meta.url), 'utf8');
const minute = 60_000;

test('the example is accepted without a warning', () => {
  expect(parseSettings(example).warnings).toEqual([]);
});

test('what the example writes out of the lifetimes are the defaults', () => {
  const { settings } = parseSettings(example);
  const { rp, policies } = JSON.parse(example);
  const defaults = parseSettings(JSON.stringify({ rp, policies })).settings;
  expect(settings.session).toEqual(defaults.session);
  expect(settings.identity).toEqual(defaults.identity);
  expect(settings.keys).toEqual(defaults.keys);
});

test('the defaults agree with each other', () => {
  const { session, identity, keys } = parseSettings(example).settings;
  const ascending = [identity.refresh, identity.ttl, session.idle, session.absolute, keys.rotate];
  expect(ascending).toEqual([...ascending].sort((a, b) => a - b));
  expect(new Set(ascending).size).toBe(ascending.length);
  // The slowest mesh fetches key sets every 20 minutes and does not ask again for a key that it does not know.
  expect(keys.publish).toBeGreaterThanOrEqual(3 * 20 * minute);
  expect(keys.retire).toBeGreaterThan(identity.ttl + minute);
});
