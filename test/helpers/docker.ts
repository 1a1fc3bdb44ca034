import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cleanUp } from './cleanup.ts';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);

async function answers(): Promise<boolean> {
  try {
    return (await run('docker', ['version', '--format', '{{.Server.Version}}'])).stdout.trim() !== '';
  } catch (_) {
    return false;
  }
}

/**
 * A Docker engine: the one that answers, else one of our own that the file's end stops, where root has dockerd.
 * Sets DOCKER_HOST for what this process starts. False where there is none.
 */
export async function startDocker(): Promise<boolean> {
  if (await answers()) return true;
  if (process.getuid?.() !== 0 || !existsSync('/usr/sbin/dockerd')) return false;
  const folder = mkdtempSync(join(tmpdir(), 'fido2-docker-'));
  const socket = `unix://${folder}/docker.sock`;
  const log = openSync(join(folder, 'log'), 'a');
  const daemon = spawn(
    '/usr/sbin/dockerd',
    ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '-p', `${folder}/pid`, '-H', socket],
    { stdio: ['ignore', log, log] },
  );
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  cleanUp(async () => {
    daemon.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  process.env.DOCKER_HOST = socket;
  await waitFor(answers, 'the Docker engine');
  return true;
}

const loaders = ['ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'];

/**
 * An image with nginx and njs made of unpacked Debian packages and busybox, for nothing can be pulled here: what the
 * official image is to a user. Returns its name.
 */
export async function importNginxImage(runtime: string, busybox: string): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'fido2-image-'));
  cleanUp(() => rmSync(root, { recursive: true, force: true }));
  cpSync(runtime, root, { recursive: true, verbatimSymlinks: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const loader of loaders) {
    const { stdout } = await run('find', [join(root, 'usr/lib'), '-name', loader]);
    const [found] = stdout.split('\n');
    if (found === undefined || found === '') continue;
    for (const folder of ['lib', 'lib64']) {
      const link = join(root, 'usr', folder, loader);
      if (!existsSync(link)) symlinkSync(found.slice(root.length), link);
    }
  }
  cpSync(busybox, join(root, 'usr/bin/busybox'));
  for (const applet of ['sh', 'mkdir', 'chown', 'chmod', 'ln', 'rm', 'wget', 'id', 'touch', 'cat', 'stat']) {
    symlinkSync('busybox', join(root, 'usr/bin', applet));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nnginx:x:101:101::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnginx:x:101:\n');
  for (const name of ['tmp', 'run', 'var/log/nginx', 'var/lib/nginx', 'proc', 'dev', 'sys']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  // A tmpfs takes the mode of the folder that it covers.
  chmodSync(join(root, 'tmp'), 0o1777);
  const archive = join(dirname(root), `${root.split('/').at(-1)}.tar`);
  cleanUp(() => rmSync(archive, { force: true }));
  await run('tar', ['-C', root, '-cf', archive, '.']);
  await run('docker', ['import', archive, 'ngx-fido2-test-nginx:latest']);
  return 'ngx-fido2-test-nginx:latest';
}
