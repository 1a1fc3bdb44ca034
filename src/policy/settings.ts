import * as v from 'valibot';
import { Fido2Error } from '../errors.ts';
import { type Passkeys, toPasskeys } from './authenticator.ts';
import { checkSettings } from './checks.ts';
import { type Finding, type JsonDocument, parseDocument } from './document.ts';
import { hostOf, isWebOrigin } from './related-origins.ts';
import { type Policy, toPolicy } from './rules.ts';
import { settingsSchema, type WrittenSettings } from './schema.ts';

export interface Workload {
  readonly audience: string;
  /** Whether its tokens have the groups in a map besides. */
  readonly groupMap?: boolean | undefined;
  /** The one policy that may be named with it; absent: any. */
  readonly policy?: string | undefined;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** fido2.json with its defaults. Durations are milliseconds. */
export interface Settings {
  readonly rp: {
    readonly id: string;
    readonly name: string;
    /** Of websites alone, at least one. */
    readonly origins: readonly string[];
    /** Origins of apps: they may end a ceremony, and are nothing else. */
    readonly apps: readonly string[];
    /** Pages that may hold a ceremony in a frame. */
    readonly topOrigins: readonly string[];
  };
  readonly session: { readonly idle: number; readonly absolute: number };
  readonly identity: {
    readonly issuer: string;
    readonly audience: string;
    readonly ttl: number;
    readonly refresh: number;
    readonly profile: 'assertion' | 'txn';
    /** Audience of transaction tokens. */
    readonly trustDomain: string;
    readonly bind: readonly ('method' | 'target' | 'body')[];
  };
  readonly keys: { readonly publish: number; readonly rotate: number; readonly retire: number };
  readonly store: { readonly type: 'file'; readonly path: string };
  readonly crypto: 'auto' | 'portable';
  readonly passkeys: Passkeys;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Whether refused ceremonies are kept. */
  readonly audit: { readonly ceremonies: boolean };
  /** Whose scripts may read our refusals. */
  readonly cors: { readonly origins: readonly string[] };
  readonly pages: {
    readonly name: string;
    readonly help: string | null;
    /** Text of an SVG image, or null for ours. */
    readonly logo: string | null;
    /** `#rrggbb`, or null for ours. */
    readonly accent: string | null;
    /** Groups whose members are told which rule refused them. */
    readonly reasonsFor: readonly string[];
    /** Language tags, the first for whoever asks for none of them. */
    readonly languages: readonly string[];
  };
}

const reference = 'docs/configuration.md lists the members and what each accepts';

/** Code `unfit`; the message is every finding with its place, on one line. */
export class SettingsError extends Fido2Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super('unfit', findings.map(formatFinding).join('; '));
    this.name = 'SettingsError';
    this.findings = findings;
  }
}

export function formatFinding({ path, line, column, message }: Finding): string {
  return `${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

/** Reads the text of fido2.json. Throws SettingsError with everything that is wrong with it. */
export function parseSettings(text: string): { settings: Settings; warnings: readonly Finding[] } {
  const document = parseDocument(text.startsWith('\ufeff') ? text.slice(1) : text);
  if (!('value' in document)) throw new SettingsError(document);
  const parsed = v.safeParse(settingsSchema, document.value);
  if (!parsed.success) throw new SettingsError(parsed.issues.map((issue) => toFinding(document, issue)));
  const settings = withDefaults(parsed.output);
  const { errors, warnings } = checkSettings(settings, parsed.output.rp);
  const place = ({ path, message, hint }: { path: readonly (string | number)[]; message: string; hint: string }) =>
    document.finding(path, message, hint);
  if (errors.length > 0) throw new SettingsError(errors.map(place));
  return { settings, warnings: warnings.map(place) };
}

function withDefaults(written: WrittenSettings): Settings {
  const { rp, identity, pages } = written;
  const origins = rp.origins.filter(isWebOrigin);
  const [origin = ''] = origins;
  const id = rp.id ?? hostOf(origin);
  const issuer = identity.issuer ?? origin;
  const name = rp.name ?? id;
  return {
    rp: {
      id,
      name,
      origins,
      apps: rp.origins.filter((each) => !isWebOrigin(each)),
      topOrigins: rp.topOrigins ?? [],
    },
    session: written.session,
    identity: { ...identity, issuer, audience: identity.audience ?? issuer, trustDomain: identity.trustDomain ?? id },
    keys: written.keys,
    store: written.store,
    crypto: written.crypto,
    passkeys: toPasskeys(written.passkeys),
    policies: new Map(Object.entries(written.policies).map(([key, policy]) => [key, toPolicy(policy)])),
    workloads: new Map(Object.entries(written.workloads)),
    audit: written.audit,
    cors: { origins: written.cors.origins ?? [] },
    pages: {
      name: pages.name ?? name,
      help: pages.help ?? null,
      logo: pages.logo ?? null,
      accent: pages.accent ?? null,
      reasonsFor: pages.reasonsFor ?? [],
      languages: pages.languages ?? ['en'],
    },
  };
}

function toFinding(document: JsonDocument, issue: v.BaseIssue<unknown>): Finding {
  const path = (issue.path ?? []).map((item) => (typeof item.key === 'number' ? item.key : String(item.key)));
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return document.finding(path, 'there is no such member', reference);
  }
  if (issue.received === 'undefined') return document.finding(path, 'this member is needed', reference);
  const own = issue.message.startsWith('Invalid ')
    ? `expected ${issue.expected}, not ${issue.received}`
    : issue.message;
  return document.finding(path, own, reference);
}
