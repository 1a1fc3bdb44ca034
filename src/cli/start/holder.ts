import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Who has a socket: "nginx, pid 4711". Null where /proc does not tell (another system, another user's process). */
export function holderOfPort(port: number): string | null {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = '0A';
  return holderOf(
    ['tcp', 'tcp6'].flatMap(rowsOf).flatMap(([, local, , state, , , , , , inode]) => {
      return local?.endsWith(`:${hex}`) === true && state === listening && inode !== undefined ? [inode] : [];
    }),
  );
}

export function holderOfSocket(path: string): string | null {
  return holderOf(rowsOf('unix').flatMap((row) => (row[7] === path && row[6] !== undefined ? [row[6]] : [])));
}

function rowsOf(table: string): string[][] {
  const path = `/proc/net/${table}`;
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
}

function holderOf(inodes: readonly string[]): string | null {
  const links = inodes.map((inode) => `socket:[${inode}]`);
  if (links.length === 0) return null;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of pids.sort((a, b) => Number(a) - Number(b))) {
    try {
      const held = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (!held.some((link) => links.includes(link))) continue;
      return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}, pid ${pid}`;
    } catch (error) {
      // processes end while we look, and those of other users may not be looked at
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
  return null;
}
