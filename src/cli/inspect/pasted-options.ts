import { Fido2Error } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../protocol/json.ts';
import { isCredential, pastedBytes } from './pasted-credential.ts';

/** The options of a ceremony among what was pasted, as `create()`, `get()` or the parse functions take them. */
export function findOptions(pasted: unknown): JsonObject | null {
  const own = optionsOf(pasted);
  if (own !== null) return own;
  if (typeof pasted !== 'object' || pasted === null || isCredential(pasted)) return null;
  const all = Object.values(pasted).map(optionsOf);
  const [found = null, ...others] = all.filter((options) => options !== null);
  if (others.length > 0) throw new Fido2Error('malformed', 'there are options of several ceremonies');
  return found;
}

/** The inner options; `mediation`, which stands beside them, is taken in. */
function optionsOf(value: unknown): JsonObject | null {
  if (!isJsonObject(value)) return null;
  const { publicKey, mediation } = value;
  if (isJsonObject(publicKey) && 'challenge' in publicKey) return { mediation, ...publicKey };
  return 'challenge' in value && ('rp' in value || 'rpId' in value || 'allowCredentials' in value) ? value : null;
}

/** What the options promise: members of `expected`, as far as they say them. */
export function expectedByOptions(options: JsonObject): JsonObject {
  const { rp, rpId, authenticatorSelection, pubKeyCredParams, allowCredentials, challenge, ...rest } = options;
  const selection = isJsonObject(authenticatorSelection) ? authenticatorSelection : {};
  const { userVerification = selection.userVerification, extensions, mediation } = rest;
  const host = isJsonObject(rp) ? rp.id : rpId;
  const expected = {
    challenge: pastedBytes(challenge, 'challenge'),
    rpId: host,
    userVerification,
    extensions,
    mediation,
    algorithms: listOf(pubKeyCredParams, ({ alg }) => alg),
    allowCredentials: listOf(allowCredentials, ({ id }) => pastedBytes(id, 'allowCredentials')),
  };
  return Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined && value !== null));
}

function listOf(value: unknown, read: (item: JsonObject) => unknown): unknown[] | undefined {
  return Array.isArray(value) ? value.filter(isJsonObject).map(read) : undefined;
}
