import { confPath } from '../nginx-conf.ts';
import type { Owner } from '../owner.ts';
import type { MeshWorkload } from './demo-mesh.ts';

export interface DemoConf {
  /** Folder of nginx's own files: configuration, pid, temporary files. */
  readonly folder: string;
  /** Folder of ngx_http_js_module.so. */
  readonly modules: string;
  /** Whom the workers run as; null where nginx is not started by root. */
  readonly workerUser: Owner | null;
  readonly workers: string;
  /** `address:port` as nginx reads it. */
  readonly listen: readonly string[];
  /** Path of the demo upstream's socket. */
  readonly upstream: string;
  /** Workloads of a mesh that /app and /admin lead to; without them both lead to the demo upstream. */
  readonly workloads?: readonly MeshWorkload[];
}

/** The whole nginx.conf of `npm start`; the snippets stand in fido2/ beside it. */
export function demoConf({ folder, modules, workerUser, workers, listen, upstream, workloads = [] }: DemoConf): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `# Written by ngx-fido2 start at each start.
load_module ${confPath(modules)}/ngx_http_js_module.so;
daemon off;
${workerUser === null ? '' : `user ${workerUser.name};\n`}worker_processes ${workers};
pcre_jit on;
pid ${confPath(folder)}/nginx.pid;
error_log stderr notice;

events {
    worker_connections 4096;
}

http {
    access_log off;
    server_tokens off;
${temporary.map((name) => `    ${name}_temp_path ${folder}/temp/${name};`).join('\n')}

    include fido2/http.conf;

    upstream app {
        server unix:${confPath(upstream)};
        keepalive 32;
    }
${workloads.map(meshUpstream).join('')}
    server {
${listen.map((address) => `        listen ${address};`).join('\n')}
        server_name localhost;
        client_max_body_size 0;

        include fido2/server.conf;
        include fido2/discovery.conf;
        include fido2/well-known.conf;

        location / {
            include fido2/public.conf;
            proxy_pass http://app;
        }
        location /app {
            auth_request /fido2/authorize/user;
            include fido2/upstream.conf;
            ${passTo(workloads, 'app')}
        }
        location /admin {
            auth_request /fido2/authorize/admin;
            include fido2/upstream.conf;
            ${passTo(workloads, 'admin')}
        }
    }
}
`;
}

const meshUpstream = ({ host, port }: MeshWorkload): string => `
    upstream ${host} {
        server 127.0.0.1:${port};
        keepalive 32;
    }
`;

function passTo(workloads: readonly MeshWorkload[], name: MeshWorkload['name']): string {
  const workload = workloads.find((each) => each.name === name);
  if (workload === undefined) return 'proxy_pass http://app$fido2_deny;';
  return `include fido2/svid.conf;
            proxy_pass https://${workload.host}$fido2_deny;`;
}

/** fido2.json of a new data folder. */
export function demoSettings(origin: string): string {
  const settings = {
    rp: { name: 'ngx-fido2 demo', origins: [origin] },
    store: { type: 'file', path: 'store' },
    policies: {
      user: {},
      admin: { groups: ['admins'], userVerification: true, maxAge: '5m' },
    },
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}
