import type { MetadataBlob } from '../../src/protocol/metadata-blob.ts';
import type { MetadataEntry, StatusReport } from '../../src/protocol/metadata-entry.ts';

export const aaguid = '0132d110-bf4e-4208-a403-ab4f5f12efe5';
export const other = 'aaaaaaaa-bf4e-4208-a403-ab4f5f12efe5';
export const keyIdentifier = '7c0903708b87115b0b422def3138c3c864e44573';
export const nobody = '00000000-0000-0000-0000-000000000000';
export const now = Date.UTC(2026, 0, 15);

export const report = (status: string, effectiveDate: string | null = null, certificate: Uint8Array | null = null) =>
  ({ status, effectiveDate, certificate }) satisfies StatusReport;

export function entry(changes: Partial<MetadataEntry> = {}): MetadataEntry {
  const statusReports = [report('FIDO_CERTIFIED_L1', '2020-01-01')];
  const lists = { keyIdentifiers: [], anchors: [Uint8Array.of(1)], unreadableAnchors: 0, userVerification: ['none'] };
  return { aaguid, name: 'A model', statusReports, ...lists, ...changes };
}

export const blob = (no: number, ...entries: readonly MetadataEntry[]): MetadataBlob => ({
  ...{ legalHeader: 'Terms', no, nextUpdate: now + 1000, entries },
});
