import { readFileSync } from 'node:fs';
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { demoMembership } from '../demo-membership.ts';
import type { MeshCalls } from '../demo-mesh-calls.ts';
import { runDemoUpstream } from '../demo-upstream.ts';
import { findNginx } from '../nginx-binary.ts';
import { printProgress } from '../output.ts';
import { becomeUser } from '../owner.ts';
import { firstInvite } from '../start/demo-data.ts';

/** Commands that `start` and the tests run in processes of their own. */
export const hiddenCommands: readonly Command[] = [
  {
    name: 'find-nginx',
    hidden: true,
    summary: 'find an nginx that fits, and unpack it where needed',
    example: 'find-nginx --json',
    options: [{ flags: '--nginx <path>', summary: 'take this one' }],
    run: async (input) => {
      const nginx = await findNginx({ nginx: input.text('nginx'), onProgress: printProgress });
      return { json: nginx, lines: [`nginx ${nginx.version}, njs ${nginx.njsVersion} (${nginx.source})`] };
    },
  },
  {
    name: 'first-invite',
    hidden: true,
    summary: 'while nobody has a passkey, print the code of an invite for the first administrator',
    example: 'first-invite --data .data',
    run: async (input) => {
      const { ports, audit } = input.open();
      const code = await firstInvite(ports);
      if (code !== null) audit('invite', { by: 'start' });
      return { json: { code }, lines: code === null ? [] : [code] };
    },
  },
  {
    name: 'demo-upstream',
    hidden: true,
    summary: 'the upstream of the trial site',
    example: 'demo-upstream --listen /tmp/upstream.sock --jwks http://127.0.0.1:8080/fido2/jwks.json',
    options: [
      { flags: '--listen <where>', summary: 'path of a socket, or a port of 127.0.0.1' },
      { flags: '--jwks <url>', summary: 'where the keys are published' },
      { flags: '--issuer <iss>', summary: 'the issuer that tokens must have' },
      { flags: '--audience <aud>', summary: 'the audience that tokens must have' },
      { flags: '--as <uid:gid>', summary: 'become this user first' },
      { flags: '--conf <file>', summary: 'the nginx.conf to show' },
      { flags: '--about <text>', summary: 'the versions to show' },
      { flags: '--mesh <file>', summary: 'whom to call the mesh as' },
      { flags: '--leave', summary: 'let people leave the group admins, in the store of --data, and come back' },
    ],
    run: async (input) => {
      // read before another user is become, who may not be allowed to
      const conf = input.text('conf');
      const shown = conf === undefined ? undefined : readFileSync(conf, 'utf8');
      const calls = input.text('mesh');
      const mesh = calls === undefined ? undefined : (JSON.parse(readFileSync(calls, 'utf8')) as MeshCalls);
      const [uid, gid] = (input.text('as') ?? '').split(':').map(Number);
      if (uid !== undefined && gid !== undefined) becomeUser({ uid, gid });
      const installation = input.flag('leave') ? input.open() : undefined;
      const upstream = await runDemoUpstream({
        conf: shown,
        about: input.text('about'),
        membership: installation && demoMembership(installation, installation.settings.identity.refresh / 1000),
        mesh,
        listen: whereOf(required(input.text('listen'))),
        jwks: required(input.text('jwks')),
        issuer: required(input.text('issuer')),
        audience: required(input.text('audience')),
      });
      await new Promise((resolve) => process.once('SIGTERM', resolve));
      await upstream.close();
      return undefined;
    },
  },
];

const whereOf = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

function required(value: string | undefined): string {
  if (value === undefined) throw new CommandError('an option is missing', 'ngx-fido2 start runs this command', 2);
  return value;
}
