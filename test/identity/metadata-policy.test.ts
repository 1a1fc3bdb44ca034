import { describe, expect, test } from 'vitest';
import type { AuthenticatorModel } from '../../src/identity/metadata.ts';
import { type ModelEvidence, type ModelPolicy, requireModel } from '../../src/identity/metadata-policy.ts';
import { compromisedStatuses } from '../../src/policy/authenticator.ts';
import { aaguid, now } from './metadata-entries.ts';

const policy: ModelPolicy = { refuse: compromisedStatuses, certification: null, unknown: 'accept' };
const evidence: ModelEvidence = { chain: [], attested: true, now };
const ofStatus = (...statuses: readonly string[]): AuthenticatorModel => ({
  ...{ v: 1, id: aaguid, name: '', anchors: [], userVerification: [] },
  reports: statuses.map((status) => ({ status, effectiveDate: null, certificate: null })),
});

describe('a model is taken', () => {
  test.each<[string, AuthenticatorModel | null, Partial<ModelPolicy>, Partial<ModelEvidence>]>([
    ['that is not known, where nothing is asked', null, {}, {}],
    ['without any report', ofStatus(), { unknown: 'refuse' }, {}],
    ['that is only claimed, where no certification is asked for', ofStatus(), {}, { attested: false }],
    ['of the certification', ofStatus('FIDO_CERTIFIED_L1'), { certification: 'L1' }, {}],
    ['with a status that a site does not mind', ofStatus('USER_KEY_PHYSICAL_COMPROMISE'), { refuse: ['REVOKED'] }, {}],
  ])('%s', (_, model, asked, known) => {
    expect(() => requireModel(model, { ...policy, ...asked }, { ...evidence, ...known })).not.toThrow();
  });
});

describe('a model is refused', () => {
  test.each<[string, string, AuthenticatorModel | null, Partial<ModelPolicy>, Partial<ModelEvidence>]>([
    ['that is not known', 'authenticator_unknown', null, { unknown: 'refuse' }, {}],
    [
      'that is not known, where a certification is asked for',
      'authenticator_unknown',
      null,
      { certification: 'L1' },
      {},
    ],
    ['that was revoked', 'authenticator_refused', ofStatus('FIDO_CERTIFIED_L3', 'REVOKED'), {}, {}],
    ['that was revoked and is only claimed', 'authenticator_refused', ofStatus('REVOKED'), {}, { attested: false }],
    [
      'of a status that a site minds',
      'authenticator_refused',
      ofStatus('UPDATE_AVAILABLE'),
      { refuse: ['UPDATE_AVAILABLE'] },
      {},
    ],
    [
      'of a lower certification',
      'authenticator_uncertified',
      ofStatus('FIDO_CERTIFIED_L1'),
      { certification: 'L2' },
      {},
    ],
    ['of no certification', 'authenticator_uncertified', ofStatus(), { certification: 'functional' }, {}],
    [
      'that claims a certified one',
      'authenticator_uncertified',
      ofStatus('FIDO_CERTIFIED_L3'),
      { certification: 'L1' },
      { attested: false },
    ],
  ])('%s', (_, code, model, asked, known) => {
    const judge = () => requireModel(model, { ...policy, ...asked }, { ...evidence, ...known });
    expect(judge).toThrow(expect.objectContaining({ name: 'Fido2Error', code }));
  });
});
