import { nodeIdentityPorts } from '../../src/cli/installation.ts';
import { asOwner, type Owner } from '../../src/cli/owner.ts';
import { nodeClock, nodeFiles, nodeRandom } from '../../src/cli/runtime.ts';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { createFileStore } from '../../src/store/file.ts';
import type { Files } from '../../src/store/ports.ts';

/** The identity code on a folder's records with the rights of its owner, as the command works on them. */
export function identityPortsAs(owner: Owner, folder: string): IdentityPorts {
  const files: Files = {
    read: (path) => asOwner(owner, () => nodeFiles.read(path)),
    create: (path, bytes) => asOwner(owner, () => nodeFiles.create(path, bytes)),
    symlink: (target, path) => asOwner(owner, () => nodeFiles.symlink(target, path)),
    readlink: (path) => asOwner(owner, () => nodeFiles.readlink(path)),
    rename: (from, to) => asOwner(owner, () => nodeFiles.rename(from, to)),
    unlink: (path) => asOwner(owner, () => nodeFiles.unlink(path)),
    mkdir: (path) => asOwner(owner, () => nodeFiles.mkdir(path)),
    rmdir: (path) => asOwner(owner, () => nodeFiles.rmdir(path)),
    list: (path) => asOwner(owner, () => nodeFiles.list(path)),
    stat: (path) => asOwner(owner, () => nodeFiles.stat(path)),
  };
  const store = createFileStore({ files, clock: nodeClock, random: nodeRandom, root: folder, log: console.log });
  return { ...nodeIdentityPorts(folder), store };
}
