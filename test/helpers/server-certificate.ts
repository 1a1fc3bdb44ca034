import { createAuthority, createCertificate, ecKeys } from './certificates.ts';
import { der, sequence } from './der.ts';

export interface ServerCertificate {
  /** PEM, all three. */
  readonly certificate: string;
  readonly key: string;
  /** The authority that a client is to trust. */
  readonly root: string;
}

/** A TLS certificate for the host, from an authority of its own. */
export function serverCertificate(host: string): ServerCertificate {
  const authority = createAuthority('Test server root');
  const keys = ecKeys();
  const alternativeNames = { id: '2.5.29.17', value: sequence(der(0x82, Buffer.from(host))) };
  const certificate = createCertificate({
    subject: [['CN', host]],
    issuer: authority.name,
    issuerKey: authority.keys.privateKey,
    keys,
    extensions: [alternativeNames],
  });
  return {
    certificate: pem(certificate),
    key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    root: pem(authority.certificate),
  };
}

export function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
