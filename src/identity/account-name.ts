import { Fido2Error } from '../errors.ts';

const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;
/** A display name may hold joiners, which some scripts need, but nothing that turns the direction of what follows. */
const disruptive = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

function parse(text: string, what: string, refused: RegExp): string {
  const name = text.normalize('NFC').trim();
  const length = [...name].length;
  if (length < 1 || length > 64) throw new Fido2Error('malformed', `${what} has ${length} characters, not 1 to 64`);
  if (refused.test(name)) throw new Fido2Error('malformed', `${what} holds a control or invisible character`);
  return name;
}

/** 1 to 64 characters, NFC, trimmed, nothing invisible. Throws `malformed`. */
export function parseAccountName(text: string): string {
  return parse(text, 'the account name', invisible);
}

/** As an account name, but joiners are allowed. Throws `malformed`. */
export function parseDisplayName(text: string): string {
  return parse(text, 'the display name', disruptive);
}

/**
 * What two names must not share: their compatibility form without case. Upper, then lower, because some letters
 * meet in upper case only (sharp s and ss, the two small sigmas).
 */
export function foldAccountName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
