import { lstatSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request as requestPlainly } from 'node:http';
import { request } from 'node:https';
import { basename, join } from 'node:path';
import { basicConstraints, type CertificateAuthority, createCertificate, ecKeys, keyUsage } from './certificates.ts';
import { der, sequence } from './der.ts';
import { pem } from './server-certificate.ts';

/** An X.509-SVID; PEM, both. */
export interface Svid {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate whose only name is the SPIFFE ID, unless it is given DNS names too. */
export function createSvid(authority: CertificateAuthority, id: string, hosts: readonly string[] = []): Svid {
  const keys = ecKeys();
  const names = [der(0x86, Buffer.from(id)), ...hosts.map((host) => der(0x82, Buffer.from(host)))];
  const name = { id: '2.5.29.17', critical: true, value: sequence(...names) };
  const certificate = createCertificate({
    subject: [['O', 'SPIFFE']],
    issuer: authority.name,
    issuerKey: authority.keys.privateKey,
    keys,
    extensions: [basicConstraints(false), keyUsage('signature'), name],
  });
  return { certificate: pem(certificate), key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

/** svid.pem, svid.key and bundle.pem, replaced all at once as Kubernetes does it: by the rename of one link. */
export function writeSvid(folder: string, svid: Svid, authority: CertificateAuthority): void {
  const files = { 'svid.key': svid.key, 'svid.pem': svid.certificate, 'bundle.pem': pem(authority.certificate) };
  const current = mkdtempSync(`${folder}/..`);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(current, name), text, { mode: 0o600 });
    if (lstatSync(join(folder, name), { throwIfNoEntry: false }) === undefined)
      symlinkSync(join('..data', name), join(folder, name));
  }
  symlinkSync(basename(current), join(folder, '..next'));
  renameSync(join(folder, '..next'), join(folder, '..data'));
}

export interface MeshAnswer {
  /** Null: the connection was refused before anything was said. */
  readonly status: number | null;
  readonly text: string;
  readonly peerSerial: string;
}

interface WorkloadCall {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** One request over a connection of its own, as this caller. */
export function callWorkload(
  call: WorkloadCall & { readonly svid: Svid | null; readonly authority: Pick<CertificateAuthority, 'certificate'> },
): Promise<MeshAnswer> {
  const { svid, authority } = call;
  let peerSerial = '';
  const asked = request({
    ...requestOf(call),
    ca: pem(authority.certificate),
    ...(svid === null ? {} : { cert: svid.certificate, key: svid.key }),
    // a SPIFFE ID is no host name: the authority is what is verified here
    checkServerIdentity: (_, certificate) => {
      peerSerial = certificate.serialNumber;
      return undefined;
    },
  });
  return answerOf(asked).then((answer) => ({ ...answer, peerSerial }));
}

/** The same without TLS, as a proxy beside the workload passes it on. */
export function callPlainly(call: WorkloadCall): Promise<MeshAnswer> {
  return answerOf(requestPlainly(requestOf(call))).then((answer) => ({ ...answer, peerSerial: '' }));
}

function requestOf({ port, method = 'GET', path = '/', headers = {} }: WorkloadCall) {
  const given = Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]);
  return { host: '127.0.0.1', port, method, path, headers: Object.fromEntries(given), agent: false };
}

function answerOf(asked: ClientRequest): Promise<Omit<MeshAnswer, 'peerSerial'>> {
  return new Promise((resolve) => {
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? null, text }));
    });
    asked.on('error', (error) => resolve({ status: null, text: error.message }));
    asked.end();
  });
}
