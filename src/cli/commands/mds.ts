import { readFileSync } from 'node:fs';
import { text as readStream } from 'node:stream/consumers';
import { fromBase64 } from '../../bytes.ts';
import { createVerifier } from '../../crypto/verify.ts';
import { type ErrorCode, Fido2Error } from '../../errors.ts';
import {
  type AuthenticatorModel,
  assessModel,
  findModel,
  type MetadataState,
  readMetadataState,
} from '../../identity/metadata.ts';
import { type AffectedKey, findAffectedKeys } from '../../identity/metadata-affected.ts';
import { importMetadata, removeMetadata } from '../../identity/metadata-import.ts';
import type { Settings } from '../../policy/settings.ts';
import { type MetadataBlob, readMetadataBlob } from '../../protocol/metadata-blob.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { metadataSigner, metadataTrust } from '../metadata-roots.ts';
import { type Answer, isoTime, printable, table } from '../output.ts';
import { nodeSubtle } from '../runtime.ts';
import { parseMoment } from '../when.ts';

const address = 'https://mds3.fidoalliance.org/';
const verifier = createVerifier({ subtle: nodeSubtle, mode: 'auto' });

export const metadataCommands: readonly Command[] = [
  {
    name: 'mds import',
    parameters: ['<blob>'],
    summary: `take in the FIDO Alliance’s signed list of authenticator models (${address}); - reads it from standard input`,
    example: 'mds import blob.jwt',
    options: [
      {
        flags: '--root <file>',
        summary: 'trust this certificate (PEM) instead of GlobalSign R3 and R46, and any signer',
      },
      {
        flags: '--signer <host>',
        summary: `whom the signer’s certificate must name (${metadataSigner} without --root)`,
      },
      { flags: '--at <time>', summary: 'judge certificates and age as of then: 2026-08-01 or 2026-08-01T12:00Z' },
    ],
    run: importBlob,
  },
  {
    name: 'mds status',
    summary: 'tell which list is held; exit status 1 if there is none or it is overdue',
    example: 'mds status --json',
    run: async (input) => {
      const { ports } = input.open();
      const state = (await readMetadataState(ports.store))?.value;
      if (state === undefined) {
        return {
          json: { no: null },
          lines: ['nothing was imported yet', `fetch ${address} and mds import it`],
          refused: true,
        };
      }
      const overdue = ports.clock.now() >= state.nextUpdate;
      const due = `the next one ${overdue ? 'was' : 'is'} to come before ${isoTime(state.nextUpdate)}`;
      return {
        json: { ...summaryOf(state), overdue },
        lines: [
          `number ${state.no}, ${state.models} models, imported ${isoTime(state.imported)}`,
          due,
          ...termsOf(state),
        ],
        refused: overdue,
      };
    },
  },
  {
    name: 'mds show',
    parameters: ['<id>'],
    summary: 'tell what is known of one authenticator model, by its AAGUID or the key identifier of its attestation',
    example: 'mds show 2fc0579f-8113-47ea-b116-bb5a8db9202a',
    run: async (input) => {
      const { ports, settings } = input.open();
      const id = input.parameter('id').toLowerCase();
      if (!/^([0-9a-f-]{36}|[0-9a-f]{40})$/.test(id))
        throw new CommandError(`${id} is no AAGUID`, 'write it as a UUID', 2);
      const model = (await findModel(ports.store, id))?.value;
      if (model === undefined) throw new CommandError(`no model ${id} is known`, 'ngx-fido2 mds status');
      return describeModel(model, settings, ports.clock.now());
    },
  },
  {
    name: 'mds users',
    summary: 'list the passkeys of models that no longer deserve trust, and whose they are',
    example: 'mds users --status REVOKED --json',
    options: [
      {
        flags: '--status <name...>',
        summary: 'a status that counts; may be repeated (default: those of passkeys.metadata.refuse)',
      },
    ],
    run: async (input) => {
      const { ports, settings } = input.open();
      const statuses = input.list('status');
      const { refuse } = settings.passkeys.metadata;
      const keys = await findAffectedKeys(ports, statuses.length === 0 ? refuse : statuses);
      const rows = keys.map((key) => [
        printable(key.user),
        printable(key.credentialName),
        key.credential,
        printable(key.model.name),
        `${key.report.status} ${key.report.effectiveDate ?? ''}`.trim(),
      ]);
      return {
        json: { users: keys.map(affectedOf) },
        lines: rows.length === 0 ? ['nobody'] : table(['USER', 'PASSKEY', 'ID', 'MODEL', 'STATUS'], rows),
      };
    },
  },
  {
    name: 'mds remove',
    summary: 'forget what was imported, the serial number too',
    example: 'mds remove --yes',
    options: [{ flags: '--yes', summary: 'do not ask' }],
    run: async (input) => {
      const { ports, audit } = input.open();
      await confirm('forget what is known of authenticator models?', input.flag('yes'));
      const models = await removeMetadata(ports);
      audit('mds_remove', { models });
      return { json: { removed: models }, lines: [`${models} models are forgotten`] };
    },
  },
];

async function importBlob(input: Input): Promise<Answer> {
  const { ports, settings, audit } = input.open();
  const file = input.parameter('blob');
  const text = file === '-' ? await readStream(process.stdin) : readText(file);
  const blob = await verified(input, file, text, ports.clock.now());
  const { state, added, reported, changed, removed } = await refusedAs(file, () => importMetadata(ports, blob, text));
  const affected = await findAffectedKeys(ports, settings.passkeys.metadata.refuse);
  const unreadable = blob.entries.reduce((sum, entry) => sum + entry.unreadableAnchors, 0);
  const counts = { added: added.length, changed, removed, affected: affected.length };
  audit('mds_import', { no: state.no, models: state.models, ...counts });
  return {
    json: {
      ...summaryOf(state),
      ...counts,
      unreadableAnchors: unreadable,
      reported: reported.map(({ id, name, reports }) => ({ id, name, reports: reports.map(reportOf) })),
    },
    lines: [
      `number ${state.no} with ${state.models} models is in force: ${added.length} new, ${changed} changed, ${removed} gone`,
      ...reported.map(
        ({ id, name, reports }) => `${printable(name)} (${id}): ${reports.at(-1)?.status ?? 'no report'}`,
      ),
      ...(unreadable === 0 ? [] : [`${unreadable} root certificates break the rules of DER and are left out`]),
      `the next one is to come before ${isoTime(state.nextUpdate)}`,
      ...termsOf(state),
      `passkeys of models that are refused: ${affected.length === 0 ? 'none' : `${affected.length} (ngx-fido2 mds users)`}`,
    ],
  };
}

function verified(input: Input, file: string, text: string, now: number): Promise<MetadataBlob> {
  const [root, at] = [input.text('root'), input.text('at')];
  const time = at === undefined ? now : parseMoment(at);
  if (time === null) throw new CommandError(`"${at}" is no time`, 'write 2026-08-01 or 2026-08-01T12:00Z', 2);
  const trust = metadataTrust(root === undefined ? null : readPem(root), input.text('signer'));
  return refusedAs(file, () => readMetadataBlob(text, { ...trust, time }, verifier));
}

/** What a BLOB is refused for. */
const refusals: readonly ErrorCode[] = [
  ...(['metadata_invalid', 'certificate_invalid', 'attestation_untrusted', 'public_key_invalid'] as const),
];

/** Says of a refusal which file it is about, and that nothing changed. */
async function refusedAs<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fido2Error) || !refusals.includes(error.code)) throw error;
    const hint = `what was imported before stays in force; fetch ${address} anew`;
    throw new CommandError(`${file} is refused: ${error.message}`, hint, 1, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}`, `save ${address} to a file, or pipe it to -`, 1, { cause: error });
  }
}

function readPem(file: string): Uint8Array {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(readText(file))?.[1];
  const bytes = body === undefined ? null : fromBase64(body.replace(/\s/g, ''));
  if (bytes === null)
    throw new CommandError(`${file} holds no certificate in PEM`, 'openssl x509 -in FILE -out root.pem');
  return bytes;
}

function summaryOf({ no, models, nextUpdate, imported, legalHeader }: MetadataState) {
  return { no, models, nextUpdate: isoTime(nextUpdate), imported: isoTime(imported), legalHeader };
}

const termsOf = ({ legalHeader }: MetadataState): string[] =>
  legalHeader === '' ? [] : [`terms: ${printable(legalHeader)}`];

function reportOf({ status, effectiveDate, certificate }: AuthenticatorModel['reports'][number]) {
  return { status, effectiveDate, oneCertificate: certificate !== null };
}

function affectedOf({ user, userId, credential, credentialName, model, report }: AffectedKey) {
  return { user, id: userId, credential, credentialName, model: model.id, modelName: model.name, ...reportOf(report) };
}

function describeModel(model: AuthenticatorModel, { passkeys }: Settings, now: number): Answer {
  const { refusedBy, certification } = assessModel(model, passkeys.metadata.refuse, null, now);
  const { id, name, anchors, userVerification } = model;
  const reports = model.reports.map(reportOf);
  const rows = reports.map(({ status, effectiveDate, oneCertificate }) => [
    effectiveDate ?? '',
    `${printable(status)}${oneCertificate ? ' (of one certificate)' : ''}`,
  ]);
  return {
    json: {
      id,
      name,
      certification,
      refused: refusedBy !== null,
      reports,
      anchors: anchors.length,
      userVerification,
    },
    lines: [
      `model          ${printable(name)}`,
      `id             ${id}`,
      `certification  ${certification ?? 'none'}`,
      `refused        ${refusedBy === null ? 'no' : refusedBy.status}`,
      `anchors        ${anchors.length}`,
      `verification   ${userVerification.map(printable).join(' ') || 'unknown'}`,
      ...(rows.length === 0 ? [] : ['', ...table(['SINCE', 'STATUS'], rows)]),
    ],
  };
}
