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
