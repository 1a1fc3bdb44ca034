import { toBase64url, utf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import type { MetadataBlob } from '../protocol/metadata-blob.ts';
import type { MetadataEntry } from '../protocol/metadata-entry.ts';
import { metadataLeaseKey, metadataStateKey, modelKey, modelsPrefix } from '../store/keys.ts';
import { type AuthenticatorModel, findModel, type MetadataState, readMetadataState } from './metadata.ts';
import { deleteRecord, type IdentityPorts } from './record.ts';

/** Models by what became of their records. */
export interface MetadataImport {
  readonly state: MetadataState;
  readonly added: readonly AuthenticatorModel[];
  /** Those whose reports differ from before, among the changed ones. */
  readonly reported: readonly AuthenticatorModel[];
  readonly changed: number;
  readonly removed: number;
}

const leaseLife = 60_000;

/**
 * Writes the models of a verified BLOB, `text` as it came. Each record is exchanged whole, the state last: an import
 * that was killed is done again with the same BLOB. Throws `metadata_invalid` for a BLOB older than the one held, and
 * `store_unavailable` where another import is under way.
 */
export async function importMetadata(ports: IdentityPorts, blob: MetadataBlob, text: string): Promise<MetadataImport> {
  const { store, clock, random } = ports;
  const holder = toBase64url(random.bytes(16));
  if (!(await store.lease(metadataLeaseKey, holder, leaseLife)))
    throw new Fido2Error('store_unavailable', 'another import is under way');
  try {
    const held = await readMetadataState(store);
    const digest = toBase64url(await ports.sha256(utf8(text.trim())));
    if (held !== null) requireProgress(held.value, blob.no, digest);
    const models = modelsOf(blob.entries);
    const written = await writeModels(ports, models);
    const removed = await removeOthers(ports, models);
    const { no, nextUpdate, legalHeader } = blob;
    const state = { v: 1, no, nextUpdate, imported: clock.now(), digest, legalHeader, models: models.size } as const;
    if ((await store.putIf(metadataStateKey, state, held?.version ?? null)) === null)
      throw new Fido2Error('store_unavailable', 'another import came between');
    return { state, ...written, removed };
  } finally {
    await store.lease(metadataLeaseKey, holder, 0);
  }
}

/** Forgets all that was imported, the serial number too. */
export async function removeMetadata(ports: IdentityPorts): Promise<number> {
  const removed = await removeOthers(ports, new Map());
  await deleteRecord(ports.store, metadataStateKey);
  return removed;
}

function requireProgress(held: MetadataState, no: number, digest: string): void {
  if (no < held.no) throw new Fido2Error('metadata_invalid', `number ${no} is older than ${held.no}, which is held`);
  if (no === held.no && digest !== held.digest)
    throw new Fido2Error('metadata_invalid', `number ${no} is held already with another content`);
}

/** By identifier. Models that share one are one: whatever is reported of either counts. */
function modelsOf(entries: readonly MetadataEntry[]): ReadonlyMap<string, AuthenticatorModel> {
  const models = new Map<string, AuthenticatorModel>();
  for (const entry of entries) {
    const reports = entry.statusReports.map(({ status, effectiveDate, certificate }) => ({
      ...{ status, effectiveDate, certificate: certificate === null ? null : toBase64url(certificate) },
    }));
    const anchors = entry.anchors.map(toBase64url);
    for (const id of entry.aaguid === null ? entry.keyIdentifiers : [entry.aaguid, ...entry.keyIdentifiers]) {
      const other = models.get(id);
      models.set(id, {
        v: 1,
        id,
        name: other?.name ?? entry.name,
        reports: [...(other?.reports ?? []), ...reports],
        anchors: [...new Set([...(other?.anchors ?? []), ...anchors])],
        userVerification: [...new Set([...(other?.userVerification ?? []), ...entry.userVerification])],
      });
    }
  }
  return models;
}

async function writeModels({ store }: IdentityPorts, models: ReadonlyMap<string, AuthenticatorModel>) {
  const added: AuthenticatorModel[] = [];
  const reported: AuthenticatorModel[] = [];
  let changed = 0;
  for (const model of models.values()) {
    const held = await findModel(store, model.id);
    if (held !== null && JSON.stringify(held.value) === JSON.stringify(model)) continue;
    if ((await store.putIf(modelKey(model.id), model, held?.version ?? null)) === null)
      throw new Fido2Error('store_unavailable', `the record of ${model.id} was changed by somebody else`);
    if (held === null) added.push(model);
    else changed += 1;
    if (held !== null && JSON.stringify(held.value.reports) !== JSON.stringify(model.reports)) reported.push(model);
  }
  return { added, reported, changed };
}

async function removeOthers({ store }: IdentityPorts, models: ReadonlyMap<string, AuthenticatorModel>) {
  let removed = 0;
  for (const key of await store.list(modelsPrefix)) {
    const id = key.slice(modelsPrefix.length + 1);
    if (!models.has(id) && (await deleteRecord(store, key))) removed += 1;
  }
  return removed;
}
