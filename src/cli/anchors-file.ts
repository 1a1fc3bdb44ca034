import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { certificatesOfPem } from '../protocol/pem.ts';
import { parseCertificate } from '../protocol/x509.ts';
import { CommandError } from './command-error.ts';

/** The certificates of `passkeys.anchors` as nginx reads them. Throws CommandError for a file that it could not use. */
export function checkAnchors(settings: string, names: readonly string[]): number {
  return names.flatMap((name) => {
    const path = resolve(dirname(settings), name);
    try {
      return certificatesOfPem(readFileSync(path, 'utf8')).map(parseCertificate);
    } catch (error) {
      const detail = `passkeys.anchors: ${path}: ${(error as Error).message}`;
      throw new CommandError(detail, 'a file of certificates in PEM that the workers can read');
    }
  }).length;
}
