import { accentContrast, leastContrast, nearestAccent } from './accent.ts';
import { needsAttestation } from './authenticator.ts';
import { formatDuration } from './duration.ts';
import { logoProblem } from './logo.ts';
import { hostOf, isWebOrigin, relatedOrigins } from './related-origins.ts';
import type { WrittenSettings } from './schema.ts';
import type { Settings } from './settings.ts';

export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint: string;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** What members must be to each other. Order: errors as they stand in the document's sections. */
export function checkSettings(
  settings: Settings,
  written: WrittenSettings['rp'],
): { errors: readonly Problem[]; warnings: readonly Problem[] } {
  return {
    errors: [
      ...relyingParty(settings, written),
      ...durations(settings),
      ...bindings(settings),
      ...workloadPolicies(settings),
      ...passkeys(settings),
      ...brand(settings),
    ],
    warnings: remarks(settings, written),
  };
}

function relyingParty({ rp }: Settings, written: WrittenSettings['rp']): Problem[] {
  const problems: Problem[] = [];
  const say = (path: Problem['path'], message: string, hint: string) => problems.push({ path, message, hint });
  if (rp.origins.length === 0)
    return [{ path: ['rp', 'origins'], message: 'no website is among them', hint: 'add it' }];
  for (const member of ['origins', 'topOrigins'] as const) {
    const list = written[member] ?? [];
    list.forEach((origin, index) => {
      const { scheme, host, port } = split(origin);
      const at = ['rp', member, index];
      if (list.indexOf(origin) !== index) say(at, `origin "${origin}" stands here twice`, 'remove one of them');
      if (!isWebOrigin(origin)) return;
      if (port === (scheme === 'https' ? 443 : 80))
        say(at, `origin "${origin}" names the default port`, 'leave the port out');
      if (port !== null && port > 65_535) say(at, `there is no port ${port}`, 'ports end at 65535');
      if (isAddress(host)) say(at, `"${host}" is an address`, 'passkeys need a host name; use localhost for a trial');
    });
  }
  const related = relatedOrigins(rp);
  for (const origin of related) {
    // listed for browsers as a related origin, which is too much for a slip: rp.id is written, and the site is there too
    if (written.id !== undefined && related.length < rp.origins.length && origin.startsWith('https:')) continue;
    const at = ['rp', 'origins', written.origins.indexOf(origin)];
    say(at, `origin "${origin}" is not within rp.id "${rp.id}"`, 'set rp.id to a domain that all origins share');
  }
  const within = rp.origins.filter((origin) => !related.includes(origin));
  if (!rp.id.includes('.') && within.some((origin) => hostOf(origin) !== rp.id)) {
    say(['rp', 'id'], `"${rp.id}" is no domain that a site may use for its hosts`, 'name the host, or your own domain');
  }
  return problems;
}

function durations({ session, identity, keys }: Settings): Problem[] {
  const problems: Problem[] = [];
  const range = (section: string, member: string, value: number, least: number, most: number, why = '') => {
    if (value >= least && value <= most) return;
    const limits = `${formatDuration(least)} to ${formatDuration(most)}`;
    problems.push({
      path: [section, member],
      message: `${section}.${member} is ${formatDuration(value)}, not ${limits}`,
      hint: `write a duration from ${limits}${why}`,
    });
  };
  const most = (path: [string, string], value: number, limit: number, what: string) => {
    if (value <= limit) return;
    problems.push({
      path,
      message: `${path.join('.')} is ${formatDuration(value)}, more than ${what} (${formatDuration(limit)})`,
      hint: `write at most ${formatDuration(limit)}`,
    });
  };
  range('session', 'absolute', session.absolute, second, 30 * day);
  most(['session', 'idle'], session.idle, session.absolute, 'session.absolute');
  range('identity', 'ttl', identity.ttl, minute, 5 * minute, ': a token that was taken is good for that long');
  most(['identity', 'refresh'], identity.refresh, identity.ttl - 30 * second, 'identity.ttl less 30s');
  most(['identity', 'refresh'], identity.refresh, session.idle, 'session.idle');
  range('keys', 'publish', keys.publish, minute, 7 * day);
  const lead = ': a key is published for keys.publish before it signs, while the one before it signs';
  range('keys', 'rotate', keys.rotate, 2 * keys.publish, 366 * day, lead);
  const last = ': the last token of a key lives for identity.ttl, on clocks that may be a minute apart';
  range('keys', 'retire', keys.retire, identity.ttl + minute, 30 * day, last);
  return problems;
}

function bindings({ identity: { profile, bind } }: Settings): Problem[] {
  const path = ['identity', 'bind'];
  if (new Set(bind).size < bind.length) return [{ path, message: 'a member stands here twice', hint: 'remove one' }];
  if (profile === 'txn' || bind.length === 0) return [];
  const message = 'the identity token serves many requests and is bound to none';
  return [{ path, message, hint: 'set identity.profile to "txn"' }];
}

function passkeys({ passkeys: asked }: Settings): Problem[] {
  const problems: Problem[] = [];
  if (asked.aaguids.allow !== null && !needsAttestation(asked)) {
    problems.push({
      path: ['passkeys', 'aaguids', 'allow'],
      message: `with attestation "${asked.attestation}" an AAGUID is only what an authenticator says of itself`,
      hint: 'set passkeys.attestation to "required" and name passkeys.anchors',
    });
  }
  if (asked.metadata.certification !== null && !needsAttestation(asked)) {
    problems.push({
      path: ['passkeys', 'metadata', 'certification'],
      message: `with attestation "${asked.attestation}" a certified model is only claimed`,
      hint: 'set passkeys.attestation to "required"',
    });
  }
  if (asked.extensions.enforceCredProtect && asked.extensions.credProtect === undefined) {
    const path = ['passkeys', 'extensions', 'enforceCredProtect'];
    problems.push({ path, message: 'there is nothing to enforce', hint: 'name extensions.credProtect too' });
  }
  return problems;
}

function workloadPolicies({ policies, workloads }: Settings): Problem[] {
  return [...workloads].flatMap(([name, { policy }]) => {
    if (policy === undefined || policies.has(policy)) return [];
    const path = ['workloads', name, 'policy'];
    return [{ path, message: `there is no policy "${policy}"`, hint: 'name one of policies, or leave the member out' }];
  });
}

function brand({ pages: { logo, accent, languages } }: Settings): Problem[] {
  const problems: Problem[] = languages.flatMap((tag, index) => {
    if (languages.indexOf(tag) === index) return [];
    return [{ path: ['pages', 'languages', index], message: `"${tag}" stands here twice`, hint: 'remove one of them' }];
  });
  const unfit = logo === null ? null : logoProblem(logo);
  if (unfit !== null) {
    problems.push({
      path: ['pages', 'logo'],
      message: unfit,
      hint: 'export it as a plain SVG of shapes, without text',
    });
  }
  const contrast = accent === null ? leastContrast : accentContrast(accent);
  if (accent !== null && contrast < leastContrast) {
    // rounded down: 4.496 must not read as 4.5
    const figure = (Math.floor(contrast * 100) / 100).toFixed(2);
    problems.push({
      path: ['pages', 'accent'],
      message: `${accent} has a contrast of ${figure}:1 to the label on it and the page behind it, not ${leastContrast}:1`,
      hint: `the nearest shade that has it is ${nearestAccent(accent)}`,
    });
  }
  return problems;
}

function remarks(
  { rp, keys, passkeys: asked, policies, workloads }: Settings,
  written: WrittenSettings['rp'],
): Problem[] {
  const problems: Problem[] = [];
  const related = relatedOrigins(rp);
  for (const origin of related) {
    problems.push({
      path: ['rp', 'origins', written.origins.indexOf(origin)],
      message: `"${origin}" is outside "${rp.id}" and may use its passkeys`,
      hint: `https://${rp.id}/.well-known/webauthn has to list it: include fido2/well-known.conf there`,
    });
  }
  if (rp.origins.some((origin) => hostOf(origin) !== rp.id && !related.includes(origin))) {
    const message = `every host below "${rp.id}" can ask for these passkeys`;
    problems.push({ path: ['rp', 'id'], message, hint: 'name the exact host unless all of these hosts are yours' });
  }
  if (keys.publish < hour) {
    const message = `keys.publish is ${formatDuration(keys.publish)}: a mesh may still hold an older key set`;
    problems.push({ path: ['keys', 'publish'], message, hint: 'Istio fetches key sets every 20 minutes; 1h is safe' });
  }
  if (needsAttestation(asked) && asked.anchors.length === 0) {
    const message = 'no passkeys.anchors are named';
    const hint = 'nobody can register before ngx-fido2 mds import was run';
    problems.push({ path: ['passkeys', 'attestation'], message, hint });
  }
  if (policies.size === 0) {
    problems.push({ path: ['policies'], message: 'there is no policy', hint: 'every gated request is refused' });
  }
  const audiences = [...workloads.values()].map(({ audience }) => audience);
  for (const [name, { audience }] of workloads) {
    if (audiences.indexOf(audience) === audiences.lastIndexOf(audience)) continue;
    const message = `another workload accepts the audience "${audience}" too`;
    problems.push({ path: ['workloads', name], message, hint: 'a token for one is then good for the other' });
  }
  return problems;
}

function split(origin: string): { scheme: string; host: string; port: number | null } {
  const [scheme = '', host = '', port] = origin.replace('//', '').split(':');
  return { scheme, host, port: port === undefined ? null : Number(port) };
}

/** The last label of a host name is never a number (WHATWG URL, "ends in a number"). */
function isAddress(host: string): boolean {
  return /(^|\.)[0-9]+$/.test(host);
}
