import { describe, expect, test } from 'vitest';
import { ruleGroups } from '../../../src/cli/nginx-lint/rules.ts';
import { askerCases } from './asker-cases.ts';
import { bypassCases } from './bypass-cases.ts';
import { type LintOptions, lintConf, type Parts, siteWith } from './configuration.ts';
import { coverageCases } from './coverage-cases.ts';
import { gateCases } from './gate-cases.ts';
import { leakCases } from './leak-cases.ts';
import { policyCases } from './policy-cases.ts';
import { routingCases } from './routing-cases.ts';
import { serverCases } from './server-cases.ts';
import { upstreamCases } from './upstream-cases.ts';

const cases = {
  ...askerCases,
  ...bypassCases,
  ...coverageCases,
  ...gateCases,
  ...leakCases,
  ...policyCases,
  ...routingCases,
  ...serverCases,
  ...upstreamCases,
};

const codes = ({ replaced, modeOf, ...parts }: Parts & LintOptions): string[] =>
  lintConf(siteWith(parts), { ...(replaced && { replaced }), ...(modeOf && { modeOf }) }).map(({ code }) => code);

const rules = ruleGroups.flatMap((group) => group.rules);

test('every rule has a case here, and every case a rule', () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ code }) => code).sort());
});

describe.each(Object.entries(cases))('%s', (code, each) => {
  test.each(each)('is found in $bad and not in $good', ({ bad, good }) => {
    expect(codes(bad)).toContain(code);
    expect(codes(good)).not.toContain(code);
  });
});

test('a finding names the file and the line of what to change', () => {
  const main = siteWith({ gated: 'return 200;' });
  const line = main.split('\n').findIndex((text) => text.includes('return 200;')) + 1;
  const found = lintConf(main).find(({ code }) => code === 'return_before_gate');
  expect(found).toMatchObject({ severity: 'error', file: '/etc/nginx/nginx.conf', line });
  expect(found?.reason).toBe('location /app/: return answers before the gate runs');
});

test('errors come first', () => {
  const severities = lintConf(siteWith({ main: '', gated: 'satisfy any;' })).map(({ severity }) => severity);
  expect(severities).toEqual(['error', 'warning', 'note']);
});
