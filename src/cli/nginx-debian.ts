import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findLoader, PackagesUnavailable, unpackDebianPackages } from './debian-packages.ts';
import { UnfitNginx } from './nginx-probe.ts';

export interface UnpackedNginx {
  readonly command: readonly string[];
  readonly modules: string;
}

/** nginx and njs from Debian's packages, unpacked below `folder` without root. Throws UnfitNginx. */
export async function unpackDebianNginx(
  folder: string,
  now: number,
  onProgress: (line: string) => void,
): Promise<UnpackedNginx> {
  const wanted = {
    label: 'nginx',
    packages: ['nginx', 'libnginx-mod-http-js'],
    locate,
    missing: 'nginx, its njs module or the dynamic loader',
    onProgress,
  };
  try {
    return await unpackDebianPackages(folder, now, wanted);
  } catch (error) {
    if (error instanceof PackagesUnavailable) throw new UnfitNginx(error.message, { cause: error });
    throw error;
  }
}

function locate(root: string): UnpackedNginx | null {
  const found = findLoader(root);
  const nginx = join(root, 'usr/sbin/nginx');
  const modules = join(root, 'usr/lib/nginx/modules');
  if (found === null || !existsSync(nginx) || !existsSync(join(modules, 'ngx_http_js_module.so'))) return null;
  return { command: [found.loader, '--library-path', found.libraries, nginx], modules };
}
