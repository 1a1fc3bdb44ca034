import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** An X.509-SVID; PEM, both. */
export interface Svid {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** A certificate with the SPIFFE ID and these DNS names. */
  issue(id: string, hosts?: readonly string[]): Svid;
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 };
const oids = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
};
const life = 30 * 86_400_000;

/** An authority that lives as long as the demo: its key is nowhere but here. P-256, for 30 days. */
export function createAuthority(name: string): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const constraints = extension(oids.basicConstraints, sequence(der(0x01, Buffer.from([0xff]))));
  const usage = extension(oids.keyUsage, der(tags.bits, Buffer.from([0x01, 0x06])));
  return {
    certificate: certificate({ subject: name, issuer: name, publicKey, privateKey, extensions: [constraints, usage] }),
    issue: (id, hosts = []) => {
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = [der(0x86, Buffer.from(id)), ...hosts.map((host) => der(0x82, Buffer.from(host)))];
      const extensions = [
        extension(oids.keyUsage, der(tags.bits, Buffer.from([0x07, 0x80]))),
        extension(oids.subjectAltName, sequence(...names)),
      ];
      return {
        certificate: certificate({ subject: id, issuer: name, publicKey: keys.publicKey, privateKey, extensions }),
        key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      };
    },
  };
}

interface Contents {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  /** The issuer’s. */
  readonly privateKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280, 4.1; PEM. */
function certificate({ subject, issuer, publicKey, privateKey, extensions }: Contents): string {
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    nameOf(issuer),
    sequence(time(now - 60_000), time(now + life)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(tags.bits, Buffer.from([0]), sign('sha256', body, privateKey));
  const lines = sequence(body, algorithm, signature)
    .toString('base64')
    .match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE-----\n${(lines ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf(commonName: string): Buffer {
  return sequence(der(tags.set, sequence(oid(oids.commonName), der(tags.utf8, Buffer.from(commonName)))));
}

/** Critical. */
function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x01, Buffer.from([0xff])), der(tags.octets, value));
}

function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(tags.time, Buffer.from(text));
}

const oid = (hex: string): Buffer => der(tags.oid, Buffer.from(hex, 'hex'));
const sequence = (...parts: readonly Buffer[]): Buffer => der(tags.sequence, ...parts);

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
