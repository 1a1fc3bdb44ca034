import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { CertificateAuthority } from './certificates.ts';
import { cleanUp } from './cleanup.ts';
import { pem } from './server-certificate.ts';
import type { Svid } from './svid.ts';

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** What Istio’s agent does beside a proxy: the certificates `default` and `ROOTCA` on a socket, renewed at any time. */
export interface SecretServer {
  renew(svid: Svid): void;
}

export async function startSecretServer(
  socket: string,
  first: Svid,
  authority: CertificateAuthority,
): Promise<SecretServer> {
  let svid = first;
  let version = 0;
  const streams = new Map<ServerDuplexStream<Buffer, Buffer>, readonly string[]>();
  const send = (stream: ServerDuplexStream<Buffer, Buffer>, names: readonly string[]) => {
    version += 1;
    const secrets = names.map((name) => secret(name, svid, authority));
    const resources = secrets.map((value) => field(2, Buffer.concat([field(1, secretType), field(2, value)])));
    const text = String(version);
    stream.write(Buffer.concat([field(1, text), ...resources, field(4, secretType), field(5, text)]));
  };
  const server = new Server();
  const bytes = (value: Buffer): Buffer => value;
  server.addService(
    {
      StreamSecrets: {
        path: '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
        requestStream: true,
        responseStream: true,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    },
    {
      StreamSecrets: (stream: ServerDuplexStream<Buffer, Buffer>) => {
        stream.on('data', (request: Buffer) => {
          const fields = fieldsOf(request);
          const refusal = fields.find(({ number }) => number === 6);
          if (refusal !== undefined) throw new Error(`Envoy refused a certificate: ${refusal.value}`);
          // what follows is the acknowledgement
          if (streams.has(stream)) return;
          const names = fields.filter(({ number }) => number === 3).map(({ value }) => String(value));
          streams.set(stream, names);
          send(stream, names);
        });
        const forget = () => streams.delete(stream);
        stream.on('end', () => {
          forget();
          stream.end();
        });
        stream.on('error', forget);
      },
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  cleanUp(() => server.forceShutdown());
  return {
    renew: (next) => {
      svid = next;
      for (const [stream, names] of streams) send(stream, names);
    },
  };
}

function secret(name: string, svid: Svid, authority: CertificateAuthority): Buffer {
  const source = (text: string) => field(2, text);
  if (name === 'ROOTCA') return Buffer.concat([field(1, name), field(4, field(1, source(pem(authority.certificate))))]);
  const certificate = Buffer.concat([field(1, source(svid.certificate)), field(2, source(svid.key))]);
  return Buffer.concat([field(1, name), field(2, certificate)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A field of protobuf that has a length. */
function field(number: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

/** Those that have a length; others are passed over. */
function fieldsOf(message: Buffer): { number: number; value: Buffer }[] {
  const found: { number: number; value: Buffer }[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    const wire = tag & 7;
    if (wire === 0) number();
    else if (wire === 2) {
      const length = number();
      found.push({ number: tag >>> 3, value: message.subarray(at, at + length) });
      at += length;
    } else at += wire === 1 ? 8 : 4;
  }
  return found;
}
