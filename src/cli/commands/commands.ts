import type { Command } from '../command.ts';
import { applyCommand } from './apply.ts';
import { checkCommand } from './check.ts';
import { explainCommand } from './explain.ts';
import { groupCommands } from './groups.ts';
import { hiddenCommands } from './hidden.ts';
import { initCommand } from './init.ts';
import { inspectCommand } from './inspect.ts';
import { inviteCommand } from './invite.ts';
import { keyCommands } from './keys.ts';
import { metadataCommands } from './mds.ts';
import { meshCommands } from './mesh.ts';
import { sessionCommands } from './sessions.ts';
import { startCommand } from './start.ts';
import { textsCommand } from './texts.ts';
import { tokenCommands } from './token.ts';
import { userCommands } from './users.ts';

/** Every command there is; help and argument handling come from it. */
export const commands: readonly Command[] = [
  startCommand,
  initCommand,
  checkCommand,
  explainCommand,
  applyCommand,
  inviteCommand,
  ...userCommands,
  ...groupCommands,
  ...sessionCommands,
  ...keyCommands,
  ...tokenCommands,
  ...meshCommands,
  ...metadataCommands,
  textsCommand,
  inspectCommand,
  ...hiddenCommands,
];

export const groups: Readonly<Record<string, string>> = {
  users: 'people who may sign in, and their passkeys',
  groups: 'what policies ask for',
  sessions: 'who is signed in',
  keys: 'the keys that sign tokens and protect cookies',
  token: 'identity tokens, as upstreams receive them',
  mds: 'what the FIDO Alliance tells of authenticator models',
  mesh: 'the policies as a mesh holds them',
};
