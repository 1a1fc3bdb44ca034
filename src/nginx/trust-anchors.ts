import { fromUtf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { certificatesOfPem } from '../protocol/pem.ts';
import { files } from './runtime.ts';
import type { Service } from './service.ts';

const read = new WeakMap<Service, readonly Uint8Array[]>();

/** The certificates of `passkeys.anchors`, in DER; read once for the settings in force. Throws `unfit`. */
export function trustAnchors(service: Service): readonly Uint8Array[] {
  const there = read.get(service);
  if (there !== undefined) return there;
  const anchors = service.settings.passkeys.anchors.flatMap((name) => {
    const path = name.startsWith('/') ? name : `${service.home}/${name}`;
    try {
      return certificatesOfPem(fromUtf8(files.read(path)) ?? '');
    } catch (error) {
      throw new Fido2Error('unfit', `passkeys.anchors: ${path}: ${(error as Error).message}`, { cause: error });
    }
  });
  read.set(service, anchors);
  return anchors;
}
