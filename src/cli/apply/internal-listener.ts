import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { CommandError } from '../command-error.ts';

/** What nginx says of itself on its internal socket. */
export interface InForce {
  /** SHA-256 of the document in force, base64url. */
  readonly digest: string;
  /** Process numbers, as nginx's own machine counts them. */
  readonly master: number;
  readonly worker: number;
  /** Why a document on disk was refused; null where none was. */
  readonly degraded: string | null;
}

/** The socket of an installation: where its http.conf says, else as `npm start` has it. */
export function socketOf(settingsPath: string): string {
  const folder = dirname(settingsPath);
  const conf = ['http.conf', 'fido2/http.conf'].map((name) => join(folder, name)).find((path) => existsSync(path));
  const said = conf === undefined ? null : /listen unix:(\/\S+)/.exec(readFileSync(conf, 'utf8'));
  return said?.[1] ?? join(folder, 'run/fido2.sock');
}

const healthz = v.object({
  settings: v.string(),
  ...{ master: v.number(), worker: v.number() },
  degraded: v.optional(v.string()),
});

export async function readInForce(socket: string): Promise<InForce> {
  const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), healthz), await ask(socket, '/fido2/healthz'));
  if (!answer.success) {
    throw new CommandError('nginx runs another version of the scripts', 'ngx-fido2 init --update, then restart nginx');
  }
  const { settings, master, worker, degraded } = answer.output;
  return { digest: settings, master, worker, degraded: degraded ?? null };
}

/** The document in force, as it was written. */
export function readDocumentInForce(socket: string): Promise<string> {
  return ask(socket, '/fido2/settings');
}

function ask(socket: string, path: string): Promise<string> {
  const hint = 'is nginx running? name its socket with --socket, and run this as nginx’s user or as root';
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, path, headers: { Host: 'fido2' }, timeout: 5_000 }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      incoming.on('end', () => {
        if (incoming.statusCode === 200) resolve(text);
        else
          reject(new CommandError(`nginx answers ${path} with ${incoming.statusCode}`, 'look into nginx’s error log'));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 5s')));
    sent.on('error', (cause) => reject(new CommandError(`${socket}: ${cause.message}`, hint, 1, { cause })));
    sent.end();
  });
}
