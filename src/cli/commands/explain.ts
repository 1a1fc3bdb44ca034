import { authenticatorOf, type Credential } from '../../identity/credential.ts';
import { groupsAt, isActive, nextEnd } from '../../identity/membership.ts';
import { parseDocument } from '../../policy/document.ts';
import { parseDuration } from '../../policy/duration.ts';
import { type Asked, type Decision, evaluate, type Rule } from '../../policy/evaluate.ts';
import { explain } from '../../policy/explain.ts';
import { parseNetwork } from '../../policy/network.ts';
import type { Policy } from '../../policy/rules.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { type Answer, isoTime, printable } from '../output.ts';
import { readSettings } from '../settings-file.ts';
import { requireUser } from './find-user.ts';

export const explainCommand: Command = {
  name: 'explain',
  summary: 'say whether a policy admits a user, by which rule, and where that stands',
  example: 'explain --user ada --policy admin',
  options: [
    { flags: '--user <name>', summary: 'account name, or id' },
    { flags: '--policy <name>', summary: 'policy of fido2.json' },
    { flags: '--method <method>', summary: 'method of the request', default: 'GET' },
    { flags: '--from <address>', summary: 'the client’s address, for a policy that asks for networks' },
    { flags: '--passkey <name>', summary: 'name or id of the passkey; default: the one that is admitted' },
    { flags: '--age <duration>', summary: 'how long ago the passkey was last used; default: just now' },
    { flags: '--no-uv', summary: 'the passkey did not check who holds it' },
  ],
  run: explainAccess,
};

/** In the evaluator that the gate runs. Refused for everything but "allow". */
async function explainAccess(input: Input): Promise<Answer> {
  const { ports, path } = input.open();
  const { settings, text } = readSettings(path);
  const policyName = needed(input, 'policy');
  const policy = settings.policies.get(policyName);
  if (policy === undefined) {
    const known = [...settings.policies.keys()].join(', ') || 'none';
    throw new CommandError(`there is no policy "${printable(policyName)}"`, `${path} has: ${known}`);
  }
  const { value: user } = await requireUser(ports, needed(input, 'user'));
  const age = ageOf(input);
  const asked = askedOf(input, policy);
  const now = ports.clock.now();
  const person = { userId: user.id, name: user.name, groups: groupsAt(user, now) };
  const confirmed = { ...person, userVerified: input.flag('uv'), authTime: now - age };
  const decide = (passkey: Credential | null): Decision =>
    evaluate({ ...confirmed, authenticator: passkey && authenticatorOf(passkey) }, policy, now, asked);
  // the one that gets furthest: whoever has several may choose
  const passkeys = user.credentials.filter(
    ({ id, name }) => (input.text('passkey') ?? id) === id || input.text('passkey') === name,
  );
  const passkey = passkeys.find((each) => decide(each).outcome !== 'deny') ?? passkeys[0] ?? null;
  const decision = decide(passkey);
  const placeOf = placesIn(text, policyName);
  const [outcome = '', ...reasons] = explain({ name: printable(user.name) }, policyName, decision);
  const assumed = {
    confirmed: input.text('age') ?? 'just now',
    userVerification: input.flag('uv'),
    method: asked.method,
    from: input.text('from') ?? null,
    passkey: policy.authenticator === null ? null : (passkey?.name ?? null),
  };
  const trace = decision.trace.map((check, i) => ({ ...check, reason: reasons[i] ?? '', ...placeOf(check.rule) }));
  const end = nextEnd(user, now);
  const lines = [
    outcome,
    ...trace.map(({ reason, line, column }) => `${reason} (${path}:${line}:${column})`),
    `assumed: ${assumptions(assumed)}`,
    ...(end === null ? [] : [`a membership or the account ends by itself at ${isoTime(end)}`]),
  ];
  const ends = end === null ? null : isoTime(end);
  const shown = { user: user.name, policy: policyName, ...about(decision), assumed, ends, trace };
  if (isActive(user, now)) return { refused: decision.outcome !== 'allow', json: shown, lines };
  const disabled = `${printable(user.name)} is disabled or past the account’s end, and has no session; otherwise:`;
  return { refused: true, json: { ...shown, outcome: 'deny', rule: 'disabled' }, lines: [disabled, ...lines] };
}

function about(decision: Decision): { outcome: Decision['outcome']; rule: Rule | null } {
  const failed = decision.trace.find(({ held }) => !held);
  return { outcome: decision.outcome, rule: failed?.rule ?? null };
}

/** Where each rule of the policy stands; one that has a default only, where the policy does. */
function placesIn(text: string, policy: string): (rule: Rule) => { line: number; column: number } {
  const document = parseDocument(text.replace(/^\ufeff/, ''));
  return (rule) => {
    if (!('value' in document)) throw new Error('the document was read a moment ago');
    const { line, column } = document.finding(['policies', policy, ...rule.split('.')], '', '');
    return { line, column };
  };
}

function assumptions({ confirmed, userVerification, method, from, passkey }: Record<string, unknown>): string {
  const when = confirmed === 'just now' ? confirmed : `${confirmed} ago`;
  const verified = userVerification === true ? 'with' : 'without';
  const key = passkey === null ? '' : ` by the passkey ${printable(String(passkey))}`;
  const address = from === null ? '' : ` from ${from}`;
  return `confirmed ${when} ${verified} user verification${key}, a ${method} request of the site itself${address}`;
}

function askedOf(input: Input, policy: Policy): Asked {
  const from = input.text('from');
  if (from === undefined && policy.networks !== null) {
    throw new CommandError('this policy asks for client networks', 'give the client’s address: --from 10.0.0.1', 2);
  }
  if (from !== undefined && (from.includes('/') || parseNetwork(from) === null)) {
    throw new CommandError(`--from ${printable(from)} is no address`, 'write --from 10.0.0.1 or --from 2001:db8::1', 2);
  }
  const method = input.text('method') ?? 'GET';
  return { method, address: from ?? '', site: null, mode: null, foreignOrigin: false };
}

function ageOf(input: Input): number {
  const text = input.text('age');
  const age = text === undefined ? 0 : parseDuration(text);
  if (age === null) throw new CommandError(`--age ${printable(text ?? '')} is no duration`, 'write 30s, 10m or 2h', 2);
  return age;
}

function needed(input: Input, option: string): string {
  const value = input.text(option);
  if (value !== undefined) return value;
  throw new CommandError(`--${option} is missing`, 'write explain --user NAME --policy NAME', 2);
}
