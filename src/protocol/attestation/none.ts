import { type Attestation, type AttestationInput, requireStatement } from './format.ts';

/** Level 3, section 8.7: the statement is an empty map. */
export async function verifyNone({ statement }: AttestationInput): Promise<Attestation> {
  requireStatement(statement.size === 0, 'a statement of format none that is not empty');
  return { type: 'none', trustPath: [] };
}
