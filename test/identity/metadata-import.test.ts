import { beforeEach, describe, expect, test } from 'vitest';
import { findModel, readMetadataState } from '../../src/identity/metadata.ts';
import { importMetadata, removeMetadata } from '../../src/identity/metadata-import.ts';
import type { MetadataBlob } from '../../src/protocol/metadata-blob.ts';
import { metadataLeaseKey } from '../../src/store/keys.ts';
import { aaguid, blob, entry, keyIdentifier, other, report } from './metadata-entries.ts';
import { type TestPorts, testPorts } from './ports.ts';

let ports: TestPorts;
beforeEach(() => {
  ports = testPorts();
});

describe('an import', () => {
  const put = (content: MetadataBlob) => importMetadata(ports, content, `text of ${content.no}`);

  test('keeps each model under its AAGUID or key identifier, and what the BLOB says of itself', async () => {
    const u2f = entry({ aaguid: null, keyIdentifiers: [keyIdentifier], name: 'U2F' });
    const { added, changed, removed } = await put(blob(3, entry(), u2f));
    expect([added.length, changed, removed]).toEqual([2, 0, 0]);
    expect((await findModel(ports.store, aaguid))?.value).toEqual({
      ...{ v: 1, id: aaguid, name: 'A model', anchors: ['AQ'], userVerification: ['none'] },
      reports: [{ status: 'FIDO_CERTIFIED_L1', effectiveDate: '2020-01-01', certificate: null }],
    });
    expect((await findModel(ports.store, keyIdentifier))?.value.name).toBe('U2F');
    expect((await readMetadataState(ports.store))?.value).toMatchObject({ no: 3, legalHeader: 'Terms', models: 2 });
  });

  test('replaces models whole, tells whose reports changed, and drops those that are gone', async () => {
    await put(blob(3, entry(), entry({ aaguid: other })));
    const statusReports = [...entry().statusReports, report('REVOKED', '2026-01-10')];
    const { added, changed, removed, reported } = await put(blob(4, entry({ statusReports })));
    expect([added.length, changed, removed]).toEqual([0, 1, 1]);
    expect(reported.map(({ id, reports }) => [id, reports.length])).toEqual([[aaguid, 2]]);
    expect(await findModel(ports.store, other)).toBeNull();
  });

  test('never goes back, and not to another content of the same number', async () => {
    await put(blob(4, entry()));
    const refused = { name: 'Fido2Error', code: 'metadata_invalid' };
    await expect(put(blob(3, entry({ aaguid: other })))).rejects.toMatchObject(refused);
    await expect(importMetadata(ports, blob(4), 'another text')).rejects.toMatchObject(refused);
    expect(await findModel(ports.store, aaguid)).not.toBeNull();
    expect(await findModel(ports.store, other)).toBeNull();
    await expect(put(blob(4, entry()))).resolves.toMatchObject({ added: [], changed: 0, removed: 0 });
  });

  test('goes on where one was killed half-way', async () => {
    await put(blob(3, entry()));
    const putIf = ports.store.putIf.bind(ports.store);
    let writes = 0;
    const store = {
      ...ports.store,
      putIf: async (...args: Parameters<typeof putIf>) => {
        writes += 1;
        if (writes > 1) throw new Error('killed');
        return putIf(...args);
      },
    };
    const next = blob(4, entry({ aaguid: other }), entry({ name: 'New name' }));
    await expect(importMetadata({ ...ports, store }, next, 'text of 4')).rejects.toThrow('killed');
    expect((await readMetadataState(ports.store))?.value.no).toBe(3);
    await put(next);
    expect((await readMetadataState(ports.store))?.value.no).toBe(4);
    expect((await findModel(ports.store, aaguid))?.value.name).toBe('New name');
  });

  test('waits for no other: one at a time', async () => {
    await ports.store.lease(metadataLeaseKey, 'another', 10_000);
    await expect(put(blob(3, entry()))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await readMetadataState(ports.store)).toBeNull();
  });

  test('of two models with one identifier keeps what is reported of either', async () => {
    const shared = { aaguid: null, keyIdentifiers: [keyIdentifier] };
    const revoked = entry({ ...shared, statusReports: [report('REVOKED')], anchors: [Uint8Array.of(2)] });
    await put(blob(3, entry(shared), revoked));
    const model = (await findModel(ports.store, keyIdentifier))?.value;
    expect(model?.reports.map(({ status }) => status)).toEqual(['FIDO_CERTIFIED_L1', 'REVOKED']);
    expect(model?.anchors).toEqual(['AQ', 'Ag']);
  });

  test('is forgotten whole', async () => {
    await put(blob(9, entry()));
    expect(await removeMetadata(ports)).toBe(1);
    expect(await readMetadataState(ports.store)).toBeNull();
    await expect(put(blob(1, entry()))).resolves.toMatchObject({ state: { no: 1 } });
  });
});
