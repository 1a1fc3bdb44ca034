import { fromBase64url } from '../bytes.ts';
import type { CborMap } from './cbor.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { guard } from './step.ts';

/** What came of the extensions: the client's outputs (JSON) and the authenticator's (CBOR). */
export interface ExtensionOutputs {
  readonly client: JsonObject;
  readonly authenticator: CborMap;
}

export interface ExtensionPolicy {
  /** The extensions of the options, by their identifiers. */
  readonly extensions?: JsonObject;
  /** What to do with outputs that nobody asked for. Default: `ignore`. */
  readonly unsolicitedExtensions?: 'ignore' | 'refuse';
}

type Check = (outputs: ExtensionOutputs, requested: JsonObject) => boolean;
type Kind = (value: unknown) => boolean;

const isBoolean: Kind = (value) => typeof value === 'boolean';
const isBytes: Kind = (value) => typeof value === 'string' && fromBase64url(value) !== null;
const isPrfOutput: Kind = (value) => typeof value === 'string' && fromBase64url(value)?.length === 32;

/** Whether a client's output is absent or an object whose members, as far as they are there, are of these kinds. */
function isOptionalObject(value: unknown, members: Readonly<Record<string, Kind>>): boolean {
  if (value === undefined) return true;
  if (!isJsonObject(value)) return false;
  return Object.entries(members).every(([name, isKind]) => value[name] === undefined || isKind(value[name]));
}

const protectionLevels: readonly unknown[] = [
  'userVerificationOptional',
  'userVerificationOptionalWithCredentialIDList',
  'userVerificationRequired',
];

/** CTAP 2.1 section 12.1. The lowest level is what an authenticator without the extension gives. */
function protectsEnough({ authenticator }: ExtensionOutputs, requested: JsonObject): boolean {
  const { credentialProtectionPolicy: policy, enforceCredentialProtectionPolicy: enforced } = requested;
  const level = authenticator.get('credProtect') ?? 1;
  if (level !== 1 && level !== 2 && level !== 3) return false;
  return enforced !== true || level > protectionLevels.indexOf(policy);
}

/** Section 10.1.5: `support: "required"` is not answered by a credential that cannot hold a blob. */
function holdsBlobs({ client }: ExtensionOutputs, { largeBlob: requested }: JsonObject): boolean {
  const { largeBlob } = client;
  const required = isJsonObject(requested) && requested.support === 'required';
  if (required && !(isJsonObject(largeBlob) && largeBlob.supported === true)) return false;
  return isOptionalObject(largeBlob, { supported: isBoolean, written: isBoolean, blob: isBytes });
}

/** What must hold for the outputs of an extension that was requested; one that has no row here is not looked at. */
const checks: Readonly<Record<string, Check>> = {
  appid: ({ client }) => client.appid === undefined || isBoolean(client.appid),
  appidExclude: ({ client }) => client.appidExclude === undefined || isBoolean(client.appidExclude),
  credProps: ({ client }) => isOptionalObject(client.credProps, { rk: isBoolean }),
  credentialProtectionPolicy: protectsEnough,
  minPinLength: ({ authenticator }) => {
    const length = authenticator.get('minPinLength') ?? 0;
    return typeof length === 'number' && length >= 0;
  },
  largeBlob: holdsBlobs,
  prf: ({ client }) =>
    isOptionalObject(client.prf, {
      enabled: isBoolean,
      results: (results) =>
        isJsonObject(results) && isPrfOutput(results.first) && isOptionalObject(results, { second: isPrfOutput }),
    }),
};

/** The authenticator's outputs that answer to client extensions of another name. */
const authenticatorNames: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['credProtect', ['credentialProtectionPolicy']],
  ['hmac-secret', ['prf', 'hmacCreateSecret', 'hmacGetSecret']],
]);

/** The extension outputs of a ceremony, unsolicited ones too (Level 3, steps 7.1.28 and 7.2.23). */
export function requireExtensions(outputs: ExtensionOutputs, policy: ExtensionPolicy, step: string): void {
  const { extensions: requested = {}, unsolicitedExtensions = 'ignore' } = policy;
  for (const name of Object.keys(requested)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    const holds = check === undefined || check(outputs, requested);
    guard(holds, step, 'extension_invalid', `the output of the extension ${JSON.stringify(name)} is not acceptable`);
  }
  if (unsolicitedExtensions === 'ignore') return;
  for (const name of [...Object.keys(outputs.client), ...outputs.authenticator.keys()]) {
    const names = authenticatorNames.get(name) ?? [String(name)];
    const asked = names.some((each) => Object.hasOwn(requested, each));
    guard(asked, step, 'extension_invalid', `nobody asked for the extension ${JSON.stringify(name)}`);
  }
}
