import { Fido2Error } from '../../errors.ts';
import type { CompoundPolicy } from './format.ts';

/**
 * What the parts give for which `check` holds: all of them, or with `any` at least one. Throws the refusal of the
 * first part where that fails.
 */
export async function requireParts<Part, Result>(
  parts: readonly Part[],
  policy: CompoundPolicy,
  check: (part: Part) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let refusal: Fido2Error | undefined;
  for (const part of parts) {
    try {
      results.push(await check(part));
    } catch (error) {
      if (policy === 'all' || !(error instanceof Fido2Error)) throw error;
      refusal ??= error;
    }
  }
  if (results.length === 0 && refusal !== undefined) throw refusal;
  return results;
}
