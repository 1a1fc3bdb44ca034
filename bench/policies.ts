import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { enrol, get } from './ceremonies.ts';
import { countInstructions } from './instructions.ts';
import { cookieHeader } from './rig.ts';
import { editSnippet, installSite, type Site, startSite } from './site.ts';
import { startUpstream } from './upstream.ts';

/** What may grow in an installation. */
interface Size {
  readonly title: string;
  /** Groups that the policy names. */
  readonly groups: number;
  readonly policies: number;
  /** Sessions that the gate remembers besides. */
  readonly sessions: number;
  /** Groups of the user, all of which stand in the token. */
  readonly memberships: number;
}

export interface PolicyCost extends Size {
  readonly instructions: number;
  /** Of the identity token. */
  readonly tokenBytes: number;
}

const simplest: Size = { title: 'the simplest', groups: 1, policies: 1, sessions: 100, memberships: 1 };

const sizes: readonly Size[] = [
  simplest,
  { ...simplest, title: '50 groups in the policy', groups: 50 },
  { ...simplest, title: '100 policies, each with its location', policies: 100 },
  { ...simplest, title: '100,000 sessions in memory', sessions: 100_000 },
  { ...simplest, title: 'all three', groups: 50, policies: 100, sessions: 100_000 },
  { ...simplest, title: '50 groups of the user, in the token', memberships: 50 },
];

const groupNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `group-${i}`);

/** Entries such as the session engine writes, with the keys of other sessions. */
const fill = `export default { fill: (r) => {
  const zone = ngx.shared.fido2_token, token = r.args.token;
  for (let i = 0; i < Number(r.args.count); i++) {
    const id = String(i).padStart(22, 'A');
    zone.set('/fido2/authorize/user Abcd.' + id + '.' + id + '.0-abcdef-1.' + String(i).padStart(43, 'B'), token, 3000000);
  }
  r.return(204);
} };
`;

/** Instructions of a request that is answered from memory, by the size of the installation. */
export async function measurePolicies(
  nginx: Nginx,
  folder: string,
  requests: number,
  note: (line: string) => void,
): Promise<PolicyCost[]> {
  const upstream = await startUpstream(nginx, join(folder, 'policies-upstream'));
  try {
    const costs: PolicyCost[] = [];
    for (const [i, size] of sizes.entries()) {
      note(`instructions: ${size.title}`);
      costs.push(await measureSize(nginx, join(folder, `policies-${i}`), upstream.port, size, requests));
    }
    return costs;
  } finally {
    await upstream.stop();
  }
}

async function measureSize(nginx: Nginx, folder: string, upstream: number, size: Size, requests: number) {
  const names = Array.from({ length: size.policies - 1 }, (_, i) => `policy-${i}`);
  const policy = { groups: groupNames(size.groups) };
  const policies = Object.fromEntries(['user', ...names].map((name) => [name, policy]));
  const site = await installSite(folder, { policies });
  writeFileSync(join(folder, 'fill.js'), fill);
  editSnippet(site, 'http.conf', /zone=fido2_token:\d+m/, 'zone=fido2_token:256m');
  const locations = [
    'location = /fill { js_engine qjs; js_import fill from fill.js; js_content fill.fill; }',
    ...names.map((name) => gatedLocation(`/${name}/`, name)),
  ].join('\n');
  const start = (under?: readonly string[]) => startSite(nginx, site, { upstream, under, locations });
  const { cookie, token } = await signIn(site, start, groupNames(size.memberships));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const instructions = await countInstructions({
    label: 'policies',
    folder,
    start,
    before: async (port) => {
      const { status } = await get(agent, port, `/fill?count=${size.sessions}&token=${token}`, '');
      agent.destroy();
      if (status !== 204) throw new Error(`the memory cannot be filled: ${status}`);
    },
    warmUpCookie: cookie,
    cookies: Array(requests).fill(cookie),
  });
  return { ...size, instructions, tokenBytes: token.length };
}

type Start = () => ReturnType<typeof startSite>;

async function signIn(site: Site, start: Start, groups: readonly string[]): Promise<{ cookie: string; token: string }> {
  const running = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const { cookie, person } = await enrol(site, 'ada.lovelace', 0, groups);
    person.agent.destroy();
    const header = cookieHeader(cookie);
    const { status, body } = await get(agent, running.port, '/echo', header);
    const [token = ''] = body.split('\n');
    if (status !== 200 || token.split('.').length !== 3) throw new Error(`no identity: ${status} ${body}`);
    return { cookie: header, token };
  } finally {
    agent.destroy();
    await running.stop();
  }
}

const gatedLocation = (path: string, policy: string): string => `location ${path} {
    auth_request /fido2/authorize/${policy};
    include fido2/upstream.conf;
    proxy_pass http://app$fido2_deny;
}`;
