import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { type RunningNginx, startNginx } from './nginx.ts';

/** An upstream that costs as little as one can: nginx that answers by itself; /echo says what it was told. */
export function startUpstream(nginx: Nginx, folder: string): Promise<RunningNginx> {
  return startNginx(nginx, {
    folder: join(folder, 'upstream'),
    http: (port) => `    server {
        listen 127.0.0.1:${port};
        location / { return 200 "a short answer of the upstream\\n"; }
        location = /echo { return 200 "$http_fido2_identity\\n$http_cookie\\n"; }
    }`,
  });
}

/** How every design reaches it. */
export function upstreamBlock(port: number): string {
  return `    upstream app {
        server 127.0.0.1:${port};
        keepalive 128;
        keepalive_requests 1000000000;
    }`;
}
