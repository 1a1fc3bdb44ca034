import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { firstChild, freePort, type Running, startListening } from './processes.ts';

export interface NginxOptions {
  /** Folder of this nginx alone; it is made. */
  readonly folder: string;
  /** The inside of `http { }` for a server that listens on the given port of 127.0.0.1. */
  readonly http: (port: number) => string;
  readonly withJavaScript?: boolean;
  readonly port?: number;
  /** One process without a master, under these words: valgrind and its options. */
  readonly under?: readonly string[];
}

export interface RunningNginx extends Running {
  readonly port: number;
  /** The process that answers requests. */
  readonly worker: number;
}

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Starts an nginx of one worker. */
export async function startNginx(nginx: Nginx, options: NginxOptions): Promise<RunningNginx> {
  const { folder, under } = options;
  const port = options.port ?? (await freePort());
  mkdirSync(join(folder, 'temp'), { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `${options.withJavaScript === true ? `load_module ${nginx.modules}/ngx_http_js_module.so;\n` : ''}daemon off;
${under === undefined ? '' : 'master_process off;\n'}${process.geteuid?.() === 0 ? 'user root;\n' : ''}worker_processes 1;
pcre_jit on;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 8192; }
http {
    access_log off;
    keepalive_requests 1000000000;
${temporary.map((name) => `    ${name}_temp_path ${folder}/temp/${name};`).join('\n')}
${options.http(port)}
}
`,
  );
  const command = [...(under ?? []), ...nginx.command, '-p', folder, '-c', file, '-e', join(folder, 'error.log')];
  const running = await startListening(command, port, join(folder, 'error.log'));
  return { ...running, port, worker: under === undefined ? await firstChild(running.pid) : running.pid };
}
