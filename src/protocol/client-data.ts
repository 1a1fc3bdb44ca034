import { fromUtf8, toBase64url } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from './json.ts';
import { guard } from './step.ts';

/**
 * CollectedClientData (Level 3, section 5.8.1) as the client sent it: the guard that reads a member says of what kind
 * it is. Members that are not known yet are ignored, as the section asks; so is what tokenBinding says, which Level 3
 * only reserves, if it has its form.
 */
export type ClientData = JsonObject;

/** The text of clientDataJSON: UTF-8 without its byte order mark. */
export function decodeClientData(bytes: Uint8Array, step: string): string {
  const text = fromUtf8(bytes);
  if (text === null) throw new Fido2Error('client_data_invalid', 'clientDataJSON is not UTF-8', { step });
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

export function parseClientData(text: string, step: string): ClientData {
  const data = parseJsonObject(text);
  if (data === null)
    throw new Fido2Error('client_data_invalid', 'clientDataJSON is not a JSON object of unique members', { step });
  const { tokenBinding } = data;
  const isBinding =
    tokenBinding === undefined || (isJsonObject(tokenBinding) && typeof tokenBinding.status === 'string');
  guard(isBinding, step, 'client_data_invalid', 'tokenBinding is no object with a status');
  return data;
}

export function requireType(data: ClientData, type: 'webauthn.create' | 'webauthn.get', step: string): void {
  guard(data.type === type, step, 'type_mismatch', `type ${JSON.stringify(data.type)}, expected "${type}"`);
}

export function requireChallenge(data: ClientData, challenge: Uint8Array, step: string): void {
  const expected = toBase64url(challenge);
  const detail = `challenge ${JSON.stringify(data.challenge)}, expected "${expected}"`;
  guard(challenge.length > 0 && data.challenge === expected, step, 'challenge_mismatch', detail);
}
