import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CommandError } from '../command-error.ts';
import { findNginx } from '../nginx-binary.ts';
import { type Directive, isDump, parseConf, readDump } from '../nginx-tree.ts';
import { printProgress } from '../output.ts';
import { runProcess } from '../run-process.ts';

/**
 * The configuration that `named` is: a file that nginx reads, by `nginx -T`, or what `nginx -T` wrote, `-` for
 * standard input. Throws CommandError with nginx's reason where nginx refuses it.
 */
export async function readConf(named: string, binary: string | undefined): Promise<Directive[]> {
  if (named === '-') return parseConf(readDump(readFileSync(0, 'utf8')));
  const path = resolve(named);
  if (!existsSync(path)) throw new CommandError(`there is no ${path}`, 'name nginx.conf, or what nginx -T wrote');
  const text = readFileSync(path, 'utf8');
  return parseConf(readDump(isDump(text) ? text : await dump(path, binary)));
}

async function dump(path: string, binary: string | undefined): Promise<string> {
  const nginx = await findNginx({ nginx: binary, folders: [dirname(path)], onProgress: printProgress });
  const { status, stdout, stderr } = await runProcess([...nginx.command, '-T', '-e', 'stderr', '-c', path]);
  if (status === 0) return stdout;
  const lines = stderr.trim().split('\n');
  const reason = (lines.find((line) => line.includes('[emerg]')) ?? lines.at(-1) ?? '').replace(/^.*\[emerg\] /, '');
  const hint = 'mend that first; where nginx may not run: nginx -T > FILE there, and --nginx FILE here';
  throw new CommandError(`nginx does not accept ${path}: ${reason.replace(/^\d+#\d+: /, '')}`, hint);
}
