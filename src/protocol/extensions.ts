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

const protectionLevels: readonly unknown[] = [
  'userVerificationOptional',
  'userVerificationOptionalWithCredentialIDList',
  'userVerificationRequired',
];

/** What must hold for the outputs of an extension that was requested; one that has no row here is not looked at. */
const checks: Readonly<Record<string, Check>> = {
  appid: ({ client }) => isOptional('boolean', client.appid),
  appidExclude: ({ client }) => isOptional('boolean', client.appidExclude),
  credProps: ({ client }) =>
    client.credProps === undefined || (isJsonObject(client.credProps) && isOptional('boolean', client.credProps.rk)),
  credentialProtectionPolicy: ({ authenticator }, requested) => {
    const level = authenticator.get('credProtect');
    const enforced = requested.enforceCredentialProtectionPolicy === true;
    if (level === undefined) return !enforced;
    if (level !== 1 && level !== 2 && level !== 3) return false;
    return !enforced || level > protectionLevels.indexOf(requested.credentialProtectionPolicy);
  },
  minPinLength: ({ authenticator }) => isOptional('number', authenticator.get('minPinLength')),
  largeBlob: ({ client }) => client.largeBlob === undefined || isJsonObject(client.largeBlob),
  prf: ({ client }) => client.prf === undefined || isJsonObject(client.prf),
};

/** The authenticator's outputs that answer to client extensions of another name. */
const authenticatorNames: ReadonlyMap<unknown, string> = new Map([
  ['credProtect', 'credentialProtectionPolicy'],
  ['hmac-secret', 'prf'],
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
    const asked = Object.hasOwn(requested, authenticatorNames.get(name) ?? String(name));
    guard(asked, step, 'extension_invalid', `nobody asked for the extension ${JSON.stringify(name)}`);
  }
}

function isOptional(type: 'boolean' | 'number', value: unknown): boolean {
  return value === undefined || typeof value === type;
}
