import { expect, test } from 'vitest';
import { certificationLevels, compromisedStatuses, offerableAlgorithms } from '../../src/policy/authenticator.ts';
import { parseSettings, SettingsError } from '../../src/policy/settings.ts';
import { algorithms } from '../../src/protocol/algorithms.ts';
import { formatsOfAllTimes } from '../../src/protocol/attestation/formats.ts';

const aaguid = 'cb69481e-8ff7-4039-93ec-0a2729a154a8';

function written(passkeys: object) {
  return parseSettings(
    JSON.stringify({ rp: { origins: ['https://app.example.com'] }, policies: { user: {} }, passkeys }),
  ).settings.passkeys;
}

function problemOf(passkeys: object): string {
  try {
    written(passkeys);
  } catch (error) {
    if (error instanceof SettingsError) return error.findings.map(({ path }) => path).join();
    throw error;
  }
  return '';
}

test('every algorithm can be offered', () => {
  expect([...offerableAlgorithms].sort()).toEqual(algorithms.map(({ id }) => id).sort());
  expect(written({ algorithms: offerableAlgorithms }).algorithms).toEqual(offerableAlgorithms);
});

test('every format can be taken', () => {
  const formats = [...formatsOfAllTimes.keys()];
  expect(written({ formats }).formats).toEqual(formats);
});

test('statuses that refuse by default, and every certification', () => {
  expect(written({}).metadata).toEqual({ refuse: compromisedStatuses, certification: null, unknown: 'accept' });
  for (const certification of certificationLevels)
    expect(written({ attestation: 'required', metadata: { certification } }).metadata.certification).toBe(
      certification,
    );
});

test.each<[string, object]>([
  ['passkeys.aaguids.allow', { aaguids: { allow: [aaguid] } }],
  ['passkeys.aaguids.allow', { attestation: 'direct', aaguids: { allow: [aaguid] } }],
  ['passkeys.aaguids.deny.0', { aaguids: { deny: [aaguid.toUpperCase()] } }],
  ['passkeys.extensions.enforceCredProtect', { extensions: { enforceCredProtect: true } }],
  ['passkeys.metadata.certification', { attestation: 'direct', metadata: { certification: 'L1' } }],
  ['passkeys.algorithms', { algorithms: [] }],
  ['passkeys.algorithms.0', { algorithms: [-46] }],
  ['passkeys.formats.0', { formats: ['Packed'] }],
])('%s says that it cannot be so', (path, passkeys) => {
  expect(problemOf(passkeys)).toBe(path);
});

test('nobody can prove a maker whom the settings do not name, unless metadata do', () => {
  const warned = (passkeys: object) =>
    parseSettings(
      JSON.stringify({ rp: { origins: ['https://app.example.com'] }, policies: { user: {} }, passkeys }),
    ).warnings.map(({ path }) => path);
  expect(warned({ attestation: 'required' })).toEqual(['passkeys.attestation']);
  expect(warned({ attestation: 'required', anchors: ['makers.pem'] })).toEqual([]);
});

test('models are named where attestation proves them', () => {
  expect(written({ attestation: 'required', aaguids: { allow: [aaguid] } }).aaguids).toEqual({
    allow: [aaguid],
    deny: [],
  });
});
