import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import type { Authenticator } from './authenticator.ts';
import { post, type Site } from './client.ts';

/** Adds a passkey to the account of a fresh session; both steps must succeed. Returns its id. */
export async function addPasskey(site: Site, authenticator: Authenticator, cookie: string): Promise<string> {
  const options = await post(site, '/fido2/attestation/options', {}, { cookie });
  const response = authenticator.create(options.json<CreationOptionsJSON>());
  const answer = await post(site, '/fido2/attestation/result', response, { cookie });
  if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}: ${answer.text}`);
  return answer.json<{ credentialId: string }>().credentialId;
}
