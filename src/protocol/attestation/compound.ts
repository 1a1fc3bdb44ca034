import { Fido2Error } from '../../errors.ts';
import { hasExactly } from '../cbor.ts';
import type { Verifier } from '../verifier.ts';
import { requireParts } from './compound-policy.ts';
import {
  type Attestation,
  type AttestationFormat,
  type AttestationInput,
  requireStatement,
  type SingleFormats,
} from './format.ts';

/** Bounds the work of one registration. */
const mostParts = 4;

/** Level 3, section 8.9: two statements or more about one credential, each of one of `formats`. */
export function compoundOf(formats: SingleFormats): AttestationFormat {
  return async (input, verifier) => {
    const { parts, compound } = input;
    const count = parts.length >= 2 && parts.length <= mostParts;
    requireStatement(count, `${parts.length} statements, expected 2 to ${mostParts}`);
    const held = await requireParts(parts, compound, (part) => verifyPart(part, formats, input, verifier));
    return { type: 'compound', parts: held };
  };
}

async function verifyPart(
  part: unknown,
  formats: SingleFormats,
  input: AttestationInput,
  verifier: Verifier,
): Promise<Attestation> {
  requireStatement(
    part instanceof Map && hasExactly(part, 'fmt', 'attStmt'),
    'a statement that is not fmt and attStmt',
  );
  const format: unknown = part.get('fmt');
  const statement: unknown = part.get('attStmt');
  requireStatement(typeof format === 'string' && statement instanceof Map, 'fmt and attStmt are not text and map');
  const verifyStatement = formats.get(format);
  if (verifyStatement === undefined)
    throw new Fido2Error('attestation_format_unknown', `fmt ${JSON.stringify(format)} within compound`);
  return verifyStatement({ ...input, statement, parts: [] }, verifier);
}
