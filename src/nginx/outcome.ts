import { Fido2Error } from '../errors.ts';
import type { Context } from './context.ts';
import { count } from './dicts.ts';
import { noContent } from './response.ts';
import type { Outgoing } from './runtime.ts';

const ceremonies = ['get', 'create'];
const outcomes = [
  ...['cancelled', 'timed_out', 'blocked', 'elsewhere', 'exists', 'wrong_address', 'key_unfit', 'too_old', 'broken'],
];

/**
 * POST /fido2/outcome `{"ceremony","outcome"}`: how a passkey window ended that gave no passkey. It is the page's word,
 * good for a counter and for nothing else; nobody is named in it.
 */
export async function noteOutcome({ request }: Context): Promise<Outgoing> {
  const { ceremony, outcome } = request.json();
  const known = typeof ceremony === 'string' && typeof outcome === 'string';
  if (!known || !ceremonies.includes(ceremony) || !outcomes.includes(outcome)) {
    throw new Fido2Error('malformed', 'no such outcome');
  }
  count(`passkey_${ceremony}_${outcome}`);
  return noContent();
}
