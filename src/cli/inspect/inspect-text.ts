import { Fido2Error } from '../../errors.ts';
import { type Inspection, inspectCeremony, refusedCeremony } from '../../protocol/inspect.ts';
import type { Verifier } from '../../protocol/verifier.ts';
import { completeCeremony, type Given } from './pasted-ceremony.ts';
import { parsePastedText } from './pasted-text.ts';

/** Nothing refused the ceremony, but not all was checked: so it is not verified either. */
export interface IncompleteInspection {
  readonly verified: false;
  readonly unchecked: readonly string[];
}

export type Verdict = Inspection | IncompleteInspection;

export interface TextInspection {
  readonly kind: 'registration' | 'authentication';
  readonly verdict: Verdict;
  /** The steps that checked nothing. */
  readonly unchecked: readonly string[];
}

/** Judges the ceremony in a text. `now` in milliseconds is the time of one that names none. */
export async function inspectText(
  text: string,
  given: Given,
  verifier: Verifier,
  now: number,
): Promise<TextInspection> {
  try {
    const { document, unchecked, hasKey } = await completeCeremony(parsePastedText(text), given, verifier);
    const judge = hasKey ? verifier : { ...verifier, verify: async () => true };
    const inspection = await inspectCeremony(document, judge, now);
    const verdict =
      inspection.verified && unchecked.length > 0 ? { ...inspection, verified: false as const, unchecked } : inspection;
    return { kind: document.kind === 'authentication' ? 'authentication' : 'registration', verdict, unchecked };
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
    return { kind: 'registration', verdict: refusedCeremony(error), unchecked: [] };
  }
}
