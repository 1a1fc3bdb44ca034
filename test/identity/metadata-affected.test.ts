import { expect, test } from 'vitest';
import { findAffectedKeys } from '../../src/identity/metadata-affected.ts';
import { importMetadata } from '../../src/identity/metadata-import.ts';
import { addCredential, createUser } from '../../src/identity/user.ts';
import { compromisedStatuses } from '../../src/policy/authenticator.ts';
import { credential } from '../store/sample.ts';
import { aaguid, blob, entry, keyIdentifier, nobody, other, report } from './metadata-entries.ts';
import { testPorts } from './ports.ts';

test('whose credentials are of models with a status', async () => {
  const ports = testPorts();
  const revoked = [report('REVOKED', '2026-01-10')];
  const u2f = entry({ aaguid: null, keyIdentifiers: [keyIdentifier], statusReports: revoked });
  const good = entry({ aaguid: other, statusReports: [report('UPDATE_AVAILABLE')] });
  await importMetadata(ports, blob(1, entry({ statusReports: revoked }), good, u2f), '');
  const user = async (name: string, ...models: readonly { aaguid: string; keyIdentifier?: string }[]) => {
    const { value } = await createUser(ports, { name });
    for (const [i, each] of models.entries())
      await addCredential(ports, value.id, {
        ...credential(Buffer.from(`${name}${i}`).toString('base64url')),
        ...each,
      });
  };
  await user('zoe', { aaguid: other }, { aaguid });
  await user('ada', { aaguid: nobody, keyIdentifier });
  await user('bob', { aaguid: nobody }, { aaguid: 'ffffffff-bf4e-4208-a403-ab4f5f12efe5' });
  const affected = await findAffectedKeys(ports, compromisedStatuses);
  expect(affected.map((key) => [key.user, key.model.id, key.report.status])).toEqual([
    ['ada', keyIdentifier, 'REVOKED'],
    ['zoe', aaguid, 'REVOKED'],
  ]);
  expect((await findAffectedKeys(ports, ['UPDATE_AVAILABLE'])).map((key) => key.user)).toEqual(['zoe']);
});
