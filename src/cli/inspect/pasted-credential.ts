import { fromBase64url, toBase64url, utf8 } from '../../bytes.ts';
import { Fido2Error } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../protocol/json.ts';

/** What a page got from the browser, in the JSON forms of section 5.1.8 whatever form it was pasted in. */
export interface PastedCredential {
  readonly kind: 'registration' | 'authentication';
  readonly credential: JsonObject & { readonly response: JsonObject };
}

/** Whether a value is what `credentials.create()` or `get()` gave, by what it has. */
export function isCredential(value: unknown): value is JsonObject {
  return isJsonObject(value) && 'clientDataJSON' in responseOf(value);
}

/** Throws `malformed` for bytes that were lost on the way or may be read in two ways. */
export function readCredential(value: JsonObject): PastedCredential {
  const response = responseOf(value);
  const isRegistration = 'attestationObject' in response;
  if (isRegistration === 'signature' in response)
    throw malformed('the credential has to have either an attestationObject or a signature');
  const { id, rawId = id } = value;
  const names = isRegistration
    ? ['clientDataJSON', 'attestationObject']
    : ['clientDataJSON', 'authenticatorData', 'signature'];
  const members = names.map((name) => [name, pastedBytes(response[name], name)] as const);
  const { userHandle } = response;
  const owner =
    userHandle === undefined || userHandle === null ? {} : { userHandle: pastedBytes(userHandle, 'userHandle') };
  const transports = Array.isArray(response.transports) ? { transports: response.transports } : {};
  return {
    kind: isRegistration ? 'registration' : 'authentication',
    credential: {
      id: pastedBytes(id ?? rawId, 'id'),
      rawId: pastedBytes(rawId, 'rawId'),
      type: value.type ?? 'public-key',
      response: { ...Object.fromEntries(members), ...owner, ...transports },
      clientExtensionResults: value.clientExtensionResults ?? {},
    },
  };
}

/** Some pages send the members of the response beside the identifier. */
function responseOf(value: JsonObject): JsonObject {
  return isJsonObject(value.response) ? value.response : value;
}

/**
 * Bytes as base64url: from base64 of either alphabet, padded or not, a list of numbers, what JSON.stringify makes of a
 * Uint8Array or a Buffer, or, for JSON, its own text.
 */
export function pastedBytes(value: unknown, name: string): string {
  if (typeof value === 'string') return bytesOfText(value, name);
  const numbers = numbersOf(value);
  if (numbers === null)
    throw malformed(`${name} holds no bytes; JSON.stringify(credential.toJSON()) writes those that a browser holds`);
  if (!numbers.every((number) => Number.isInteger(number) && Number(number) >= 0 && Number(number) <= 255))
    throw malformed(`${name} is a list of other things than bytes`);
  return toBase64url(Uint8Array.from(numbers, Number));
}

function bytesOfText(text: string, name: string): string {
  if (name === 'clientDataJSON' && text.startsWith('{')) return toBase64url(utf8(text));
  const url = text.replace(/\s/g, '').replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  if (fromBase64url(url) === null) throw malformed(`${name} is no base64`);
  return url;
}

/** The elements of a list, of `{"0": 1, "1": 2}` and of `{"type": "Buffer", "data": [1, 2]}`. */
function numbersOf(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value)) return null;
  if (value.type === 'Buffer' && Array.isArray(value.data)) return value.data;
  const keys = Object.keys(value);
  const isIndexed = keys.length > 0 && keys.every((key, index) => key === String(index));
  return isIndexed ? keys.map((key) => value[key]) : null;
}

function malformed(detail: string): Fido2Error {
  return new Fido2Error('malformed', detail);
}
