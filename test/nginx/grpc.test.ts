import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { cookieName, type Enrolment, enrol } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { verifyIdentity } from '../helpers/upstream.ts';

const echo = (bytes: Buffer): Buffer => bytes;
const method = {
  requestSerialize: echo,
  requestDeserialize: echo,
  responseSerialize: echo,
  responseDeserialize: echo,
} as const;
const service: ServiceDefinition = {
  unary: { path: '/test.Echo/Unary', requestStream: false, responseStream: false, ...method },
  stream: { path: '/test.Echo/Stream', requestStream: true, responseStream: true, ...method },
};

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('gRPC, gate on %s', (engine) => {
  let nginx: RunningNginx;
  let client: Client;
  let ada: Enrolment;
  const seen: Metadata[] = [];

  beforeAll(async () => {
    const server = new Server();
    server.addService(service, {
      unary: (call: { request: Buffer; metadata: Metadata }, done: (error: null, value: Buffer) => void) => {
        seen.push(call.metadata);
        done(null, call.request);
      },
      stream: (call: NodeJS.ReadWriteStream & { metadata: Metadata }) => {
        seen.push(call.metadata);
        call.pipe(call);
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    cleanUp(() => server.forceShutdown());
    const gated = (path: string, policy: string): string => `location ${path} {
      auth_request /fido2/authorize/${policy}; include fido2/grpc.conf; grpc_pass grpc://127.0.0.1:${port}$fido2_deny; }`;
    nginx = await startNginx({
      engine,
      locations: `http2 on; ${gated('/test.Echo/', 'user')} ${gated('= /test.Echo/Admin', 'admin')} ${gated('= /test.Echo/Unheard', 'unheard-of')}`,
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
    client = new Client(`127.0.0.1:${nginx.port}`, credentials.createInsecure(), {
      'grpc.default_authority': `localhost:${nginx.port}`,
    });
    cleanUp(() => client.close());
  });

  function metadata(cookie?: string): Metadata {
    const made = new Metadata();
    if (cookie !== undefined) made.set('cookie', `a=1; ${cookieName}=${cookie}`);
    made.set('fido2-identity', 'forged');
    return made;
  }

  function unary(cookie?: string, path = '/test.Echo/Unary'): Promise<string | number> {
    const deadline = { deadline: Date.now() + 20_000 };
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, value?: Buffer): void => resolve(error?.code ?? String(value));
      client.makeUnaryRequest(path, echo, echo, Buffer.from('hello'), metadata(cookie), deadline, done);
    });
  }

  function stream(cookie?: string): Promise<string | number> {
    const deadline = { deadline: Date.now() + 20_000 };
    return new Promise((resolve) => {
      const call = client.makeBidiStreamRequest('/test.Echo/Stream', echo, echo, metadata(cookie), deadline);
      const received: string[] = [];
      call.on('error', (error: ServiceError) => resolve(error.code));
      call.on('end', () => resolve(received.join('')));
      call.on('data', (data: Buffer) => {
        received.push(String(data));
        // the client half-closes only after it has heard from the other side
        if (received.length === 1) call.write(Buffer.from('two'));
        else call.end();
      });
      call.write(Buffer.from('one'));
    });
  }

  it.each([
    ['unary', unary, 'hello'],
    ['bidirectional stream', stream, 'onetwo'],
  ] as const)('passes a %s call on with the identity and without our cookie', async (_, call, expected) => {
    expect(await call(ada.cookie)).toBe(expected);
    const arrived = seen.at(-1);
    const identity = arrived?.get('fido2-identity') ?? [];
    expect(identity).toHaveLength(1);
    expect((await verifyIdentity(nginx, String(identity[0]))).payload.sub).toBe(ada.userId);
    expect(arrived?.get('cookie').join()).not.toContain(cookieName);
    expect(arrived?.get('cookie').join()).toContain('a=1');
  });

  it('answers 16 without a session, unary and stream at once', async () => {
    const before = seen.length;
    expect([await unary(), await stream()]).toEqual([16, 16]);
    expect(seen.length).toBe(before);
  });

  it('answers 7 to a session that the policy keeps out', async () => {
    const before = seen.length;
    expect(await unary(ada.cookie, '/test.Echo/Admin')).toBe(7);
    expect(await unary(ada.cookie, '/test.Echo/Unheard')).toBe(7);
    expect(seen.length).toBe(before);
  });
});
