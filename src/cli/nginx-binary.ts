import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { CommandError } from './command-error.ts';
import { unpackDebianNginx } from './nginx-debian.ts';
import { leastNjsVersion, type NginxVersions, probeNginx, UnfitNginx } from './nginx-probe.ts';
import { projectRoot } from './project-root.ts';
import { runProcess } from './run-process.ts';

export type NginxSource = 'option' | 'path' | 'debian' | 'docker';

export interface Nginx {
  /** The argument list to which nginx's own options are added. */
  readonly command: readonly string[];
  /** The folder of ngx_http_js_module.so. */
  readonly modules: string;
  /** For example "1.30.6". */
  readonly version: string;
  readonly njsVersion: string;
  readonly source: NginxSource;
}

export interface FindNginxOptions {
  /** Take this one or fail; default the variable NGINX_BIN. */
  readonly nginx?: string | undefined;
  /** Where to look for a program, default the variable PATH. */
  readonly path?: string;
  /** Where unpacked packages are kept, default build/runtime. */
  readonly cache?: string;
  /** Folders that nginx reads or writes: a container sees only these. */
  readonly folders?: readonly string[];
  readonly onProgress?: (line: string) => void;
}

const image = 'nginx:1.30';
const moduleName = 'ngx_http_js_module.so';

/**
 * The first nginx that fits (njs new enough, with QuickJS): the one named, the one on PATH, Debian's packages
 * unpacked without root, the official image. Throws CommandError when none does.
 */
export async function findNginx(options: FindNginxOptions = {}): Promise<Nginx> {
  const onProgress = options.onProgress ?? (() => undefined);
  const named = options.nginx ?? process.env.NGINX_BIN ?? '';
  if (named !== '') return givenNginx(named);

  const reasons: string[] = [];
  const attempts: [label: string, attempt: () => Promise<Nginx | null>][] = [
    ['nginx on PATH', () => onPath(options.path ?? process.env.PATH ?? '')],
    ["Debian's packages", () => debian(options.cache ?? join(projectRoot(), 'build/runtime'), onProgress)],
    [`the image ${image}`, () => docker(options.folders ?? [], onProgress)],
  ];
  for (const [label, attempt] of attempts) {
    try {
      const nginx = await attempt();
      if (nginx !== null) return nginx;
    } catch (error) {
      if (!(error instanceof UnfitNginx)) throw error;
      reasons.push(`${label} ${error.message}`);
      onProgress(`nginx: ${label} ${error.message}`);
    }
  }
  throw new CommandError(
    `no nginx with njs ${leastNjsVersion} or newer and QuickJS: ${reasons.join('; ')}`,
    'name one with --nginx PATH or NGINX_BIN, or install apt (Debian), nginx from nginx.org, or Docker',
  );
}

async function givenNginx(program: string): Promise<Nginx> {
  const path = resolve(program);
  if (!existsSync(path)) throw new CommandError(`there is no nginx at ${path}`, 'give the path of the program itself');
  try {
    return await installed(path, 'option');
  } catch (error) {
    if (!(error instanceof UnfitNginx)) throw error;
    throw new CommandError(
      `${path} ${error.message}`,
      `njs ${leastNjsVersion} or newer with QuickJS is needed; leave out --nginx and NGINX_BIN to have one found`,
    );
  }
}

async function onPath(path: string): Promise<Nginx | null> {
  const program = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'nginx'))
    .find((candidate) => existsSync(candidate));
  return program === undefined ? null : installed(program, 'path');
}

async function debian(cache: string, onProgress: (line: string) => void): Promise<Nginx> {
  const { command, modules } = await unpackDebianNginx(cache, Date.now(), onProgress);
  return { command, modules, ...(await probeNginx(() => command, modules)), source: 'debian' };
}

async function installed(program: string, source: NginxSource): Promise<Nginx> {
  const about = await runProcess([program, '-V'], { timeout: 10_000 });
  const candidates = [
    /--modules-path=(\S+)/.exec(about.stderr)?.[1],
    join(/--prefix=(\S+)/.exec(about.stderr)?.[1] ?? '/usr/local/nginx', 'modules'),
    '/usr/lib/nginx/modules',
    '/usr/lib64/nginx/modules',
    join(dirname(program), '../modules'),
    join(dirname(program), '../lib/nginx/modules'),
  ];
  const modules = candidates.find((folder) => folder !== undefined && existsSync(join(folder, moduleName)));
  if (about.status !== 0) throw new UnfitNginx('does not run');
  if (modules === undefined) throw new UnfitNginx(`has no module ${moduleName}`);
  const versions: NginxVersions = await probeNginx(() => [program], modules);
  return { command: [program], modules, ...versions, source };
}

async function docker(folders: readonly string[], onProgress: (line: string) => void): Promise<Nginx | null> {
  const server = await runProcess(['docker', 'version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
  if (server.status !== 0) throw new UnfitNginx('needs a running Docker');
  const present = await runProcess(['docker', 'image', 'inspect', image], { timeout: 10_000 });
  if (present.status !== 0) {
    onProgress(`nginx: pulling the image ${image}`);
    const pull = await runProcess(['docker', 'pull', '--quiet', image], { timeout: 300_000 });
    if (pull.status !== 0) throw new UnfitNginx('cannot be pulled');
  }
  const user = process.getuid === undefined ? [] : ['--user', `${process.getuid()}:${process.getgid?.() ?? 0}`];
  const command = (mounted: readonly string[]): string[] => [
    ...['docker', 'run', '--rm', '--interactive', '--network', 'host', ...user],
    ...mounted.flatMap((folder) => ['--volume', `${folder}:${folder}`]),
    ...['--entrypoint', 'nginx', image],
  ];
  const modules = '/usr/lib/nginx/modules';
  return { command: command(folders), modules, ...(await probeNginx(command, modules)), source: 'docker' };
}
