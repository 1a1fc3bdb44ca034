import { request } from 'node:http';
import { join } from 'node:path';
import type { RunningNginx } from './nginx.ts';

/** GET on the internal listener, as the command and the gate ask it. */
export function askInternal(
  { folder }: Pick<RunningNginx, 'folder'>,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socketPath = join(folder, 'run/fido2.sock');
    const sent = request({ socketPath, path, headers: { Host: 'fido2', ...headers } }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
}
