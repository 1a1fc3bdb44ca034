import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:http2';
import type { CertificateAuthority } from './certificates.ts';
import { pem } from './server-certificate.ts';
import type { MeshAnswer, Svid } from './svid.ts';

/** One request to a Service through its waypoint: HTTP/1.1 in a CONNECT of HTTP/2 over mTLS, as ztunnel does it. */
export function callThroughTunnel(options: {
  readonly waypoint: { readonly host: string; readonly port: number };
  readonly destination: string;
  readonly svid: Svid | null;
  readonly authority: CertificateAuthority;
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}): Promise<MeshAnswer> {
  const { waypoint, destination, svid, authority, method = 'GET', path = '/', headers } = options;
  return new Promise((resolve) => {
    let peerSerial = '';
    const session = connect(`https://${waypoint.host}:${waypoint.port}`, {
      ca: pem(authority.certificate),
      ...(svid === null ? {} : { cert: svid.certificate, key: svid.key }),
      checkServerIdentity: (_, certificate) => {
        peerSerial = certificate.serialNumber;
        return undefined;
      },
    });
    const finish = (answer: Omit<MeshAnswer, 'peerSerial'>) => {
      session.destroy();
      resolve({ ...answer, peerSerial });
    };
    const refuse = (error: Error) => finish({ status: null, text: error.message });
    session.on('error', refuse);
    session.on('close', () => refuse(new Error('the tunnel is closed')));
    const tunnel = session.request({ ':method': 'CONNECT', ':authority': destination }, { endStream: false });
    tunnel.on('error', refuse);
    tunnel.on('response', ({ ':status': status }) => {
      if (status !== 200) {
        refuse(new Error(`the tunnel is refused: ${status}`));
        return;
      }
      const given = Object.entries(headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : [...value],
      ]);
      const asked = request({
        method,
        path,
        headers: { host: destination, ...Object.fromEntries(given) },
        createConnection: () => tunnel,
      });
      asked.on('error', refuse);
      asked.on('response', (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => finish({ status: response.statusCode ?? null, text }));
      });
      asked.end();
    });
  });
}
