import { describe, expect, test } from 'vitest';
import { type AuthenticatorModel, assessModel, isCertified, modelIdOf } from '../../src/identity/metadata.ts';
import { compromisedStatuses } from '../../src/policy/authenticator.ts';
import { aaguid, keyIdentifier, nobody, now } from './metadata-entries.ts';

describe('an assessment', () => {
  type Report = AuthenticatorModel['reports'][number];
  const said = (status: string, effectiveDate: string | null = null, certificate: string | null = null): Report => ({
    ...{ status, effectiveDate, certificate },
  });
  const assess = (reports: readonly Report[], chain: readonly Uint8Array[] | null = null) =>
    assessModel(
      { v: 1, id: aaguid, name: '', reports, anchors: ['AQ'], userVerification: [] },
      compromisedStatuses,
      chain,
      now,
    );

  test.each(compromisedStatuses)('%s refuses wherever it stands in the history', (status) => {
    const repaired = [
      said(status, '2020-01-01'),
      said('UPDATE_AVAILABLE', '2020-02-01'),
      said('FIDO_CERTIFIED_L2', '2020-03-01'),
    ];
    expect(assess(repaired).refusedBy).toEqual(said(status, '2020-01-01'));
    expect(assess([said('FIDO_CERTIFIED_L2', '2020-03-01'), said(status)]).refusedBy?.status).toBe(status);
    expect(assess([said(status, '2031-01-01')]).refusedBy?.status).toBe(status);
  });

  test('of statuses that refuse nothing, and of one that nobody knows', () => {
    const { refusedBy, anchors } = assess([
      said('UPDATE_AVAILABLE'),
      said('NOT_FIDO_CERTIFIED'),
      said('SOMETHING_NEW'),
    ]);
    expect([refusedBy, anchors]).toEqual([null, [Uint8Array.of(1)]]);
  });

  test('a status of one certificate concerns the chains that have it, and those that are not known', () => {
    const reports = [said('ATTESTATION_KEY_COMPROMISE', null, 'Ag')];
    expect(assess(reports, [Uint8Array.of(9), Uint8Array.of(2)]).refusedBy).not.toBeNull();
    expect(assess(reports, [Uint8Array.of(9)]).refusedBy).toBeNull();
    expect(assess(reports, []).refusedBy).toBeNull();
    expect(assess(reports, null).refusedBy).not.toBeNull();
    expect(assess([said('REVOKED', null, '*')], []).refusedBy).not.toBeNull();
  });

  test.each([
    [null, []],
    [null, [said('SELF_ASSERTION_SUBMITTED')]],
    ['functional', [said('FIDO_CERTIFIED', '2019-01-01')]],
    ['L1', [said('FIDO_CERTIFIED', '2019-01-01'), said('FIDO_CERTIFIED_L1', '2020-01-01')]],
    ['L1', [said('FIDO_CERTIFIED_L1', '2020-01-01'), said('FIDO_CERTIFIED', '2019-01-01')]],
    ['L1', [said('FIDO_CERTIFIED_L1', '2020-01-01'), said('FIDO_CERTIFIED_L3', '2026-02-01')]],
    ['L3plus', [said('FIDO_CERTIFIED_L3plus'), said('UPDATE_AVAILABLE', '2025-01-01')]],
    ['L2', [said('FIDO_CERTIFIED_L2plus', '2024-01-01'), said('FIDO_CERTIFIED_L2', '2024-01-01')]],
    [null, [said('FIDO_CERTIFIED_L2', '2020-01-01'), said('NOT_FIDO_CERTIFIED', '2021-01-01')]],
    [null, [said('FIDO_CERTIFIED_L2', '2020-01-01'), said('REVOKED', '2021-01-01')]],
    [null, [said('FIDO_CERTIFIED_L9', '2020-01-01')]],
  ] as const)('certification %s', (level, reports) => {
    expect(assess(reports).certification).toBe(level);
  });

  test('levels from the weakest to the strongest', () => {
    expect([isCertified('L2', 'L1plus'), isCertified('L1', 'L1'), isCertified('L1', 'L1plus')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isCertified('functional', 'L1'), isCertified(null, 'functional')]).toEqual([false, false]);
  });
});

test('the identifier of a model', () => {
  expect(modelIdOf({ aaguid })).toBe(aaguid);
  expect(modelIdOf({ aaguid, keyIdentifier })).toBe(aaguid);
  expect(modelIdOf({ aaguid: nobody, keyIdentifier })).toBe(keyIdentifier);
  expect(modelIdOf({ aaguid: nobody })).toBeNull();
});
