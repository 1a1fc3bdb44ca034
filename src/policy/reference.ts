import { durationForm } from './duration.ts';
import { jsonSchema } from './json-schema.ts';

/** The parts of a JSON Schema that the settings use. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
}

/** docs/configuration.md, printed from the schema that the settings are checked with. */
export function configurationReference(): string {
  const root: Schema = jsonSchema();
  const sections = Object.entries(root.properties ?? {}).flatMap(([name, schema]) => section(name, schema, root));
  return `${[intro, ...sections, rules].join('\n\n')}\n`;
}

const intro = `# fido2.json

All settings stand in one file, \`fido2.json\`: strict JSON without comments. It holds no secret. Members that are not
listed here are refused, so a misspelt one is an error and not a silence. Durations are written \`"30s"\`, \`"5m"\`,
\`"8h"\`, \`"30d"\`. \`nginx-conf/fido2.json\` is an example, \`nginx-conf/fido2.schema.json\` the JSON Schema for editors.

\`ngx-fido2 check\` names each mistake with its line and column. nginx takes up a changed file on reload; one with a
mistake leaves the last good one in force.`;

const rules = `## What belongs together

- \`identity.ttl\` is 60s to 300s, \`identity.refresh\` at most \`identity.ttl\` less 30s and at most \`session.idle\`.
- \`session.idle\` is at most \`session.absolute\`, which is at most 30d.
- \`keys.publish\` is 60s to 7d, \`keys.rotate\` twice that to 366d, \`keys.retire\` \`identity.ttl\` and 60s to 30d.
- At least one of \`rp.origins\` is a website, \`https://\` or \`http://localhost\`, and within \`rp.id\`. An \`rp.id\` above
  the exact host lets every host below it ask for the passkeys, and is warned about.

## Several origins, apps and frames

- **Several sites.** Each sign-in is bound to the one origin that it began at; a session is for the host that it was made
  on. The first of \`rp.origins\` is the issuer of tokens and the address in invites. A page of one of them may open a
  WebSocket to another, as far as browsers send the cookie.
- **Related sites.** Where \`rp.id\` is written, \`rp.origins\` may hold \`https\` origins of other domains. They are warned
  about, for they may use the same passkeys. A browser allows that where \`https://RP-ID/.well-known/webauthn\` lists them:
  include \`fido2/well-known.conf\` in that server, or serve a copy of its answer there. Browsers read at most five
  different names.
- **Apps.** \`android:apk-key-hash:\` and the SHA-256 of the app's signing certificate in base64url, or \`ios:bundle-id:\` and
  the bundle's id, are accepted as the origin of a ceremony, and nowhere else: never as the \`Origin\` of a request, for
  CORS or as an address. An app sends its requests to the site without an \`Origin\`; where one is sent, the answer has to
  come from that page. The site also has to name the app to its system (\`/.well-known/assetlinks.json\`,
  \`/.well-known/apple-app-site-association\`), which ngx-fido2 does not write. Apps on iOS usually sign with the site's own
  origin and need no entry.
- **Frames.** A passkey used in a frame within a page of another origin is refused, unless the browser names the page and
  \`rp.topOrigins\` lists it. Our own pages allow no frame in any case. Browsers send the session cookie only where the
  page around is of the same site.

## Which passkeys are taken

\`passkeys\` says what a new passkey must be. Who is refused reads why, and the enrolment link stays good.

- \`attestation\`. With \`none\` nobody is asked who made the authenticator. \`direct\` asks and takes every answer whose
  statement holds; a chain that leads to an anchor is noted with the passkey. \`required\` refuses all others, and
  \`enterprise\` also asks for the serial number of authenticators that the browser's owner manages.
- \`anchors\` are the certificates of makers. Each is good for every model: what a maker's certificate attests is believed,
  the AAGUID too. nginx reads the files at start and reload.
- \`aaguids.allow\` needs \`attestation\` \`required\` or \`enterprise\`, for an AAGUID without it is only what an authenticator
  says of itself. \`deny\` without it stops honest authenticators and nobody else.
- \`algorithms\` are those of new passkeys; passkeys that are there go on. -65535 (RS1) is for the statements of old TPMs.
  -48, -49 and -50 (ML-DSA) have a script of their own, which verifies one signature a second for all workers.
- \`metadata\` speaks of what \`ngx-fido2 mds import\` took in. The certificates that it has for a model are anchors for
  that model's attestations, besides \`anchors\`. A new list counts within a second: passkeys of a model that it reports as
  broken sign in no more, and their sessions are refused by the gate. Where a \`certification\` is asked for, or \`unknown\` is
  \`refuse\`, nobody is admitted before a list was imported.
- \`conditionalCreate\`: a page of yours may send \`{"mediation":"conditional"}\` to \`/fido2/attestation/options\` with a session
  that was verified within five minutes, and pass the options to \`navigator.credentials.create({mediation: 'conditional',
  ..})\`. The passkey is made without a touch. What signs in with it is verified as ever.
- A passkey that was registered while \`attestation\` was \`none\` counts as unattested for ever: register it again.

## How a policy is evaluated

In this order: \`deny\`, \`groups.none\`, \`groups.all\`, \`groups.any\`, \`users\`, \`methods\`, \`networks\`, \`sameSite\`, \`times\`,
\`authenticator\`; whoever fails one of them is refused. Then \`userVerification\` and \`maxAge\`; whoever fails one of these is asked for the
passkey again. A policy without members admits every enrolled user whose passkey checked who holds it. A location whose
policy is not in this file is refused.

- \`methods\`, \`networks\` and \`sameSite\` read the request, so a policy that has one of them is decided for each request
  anew and never answered from memory: each request costs a token's signature. \`times\` costs nothing: what is remembered
  ends with the window.
- \`networks\` compares \`$remote_addr\`. Behind a balancer that is the balancer's own, until nginx's real_ip module is told
  which header of whom to believe. An IPv4 client on an IPv6 listener counts as IPv4.
- \`sameSite\` reads \`Sec-Fetch-Site\` and, for browsers without it, \`Origin\`. A link from another site still opens.
- \`authenticator\` looks at the passkey that the session was last confirmed with. Who has another one that fits signs in
  with it. It needs what \`passkeys.attestation\` and \`passkeys.anchors\` proved when the passkey was registered. The cookie
  from before a step-up, which lives on for a minute, does not gain what the newer passkey proves.
- \`times\` have a fixed offset from UTC and know no summer time. One of several suffices.
- \`preflight\`: with \`pass\` the upstream receives CORS preflights (\`OPTIONS\` with \`Origin\` and
  \`Access-Control-Request-Method\`) of anybody, without an identity, and answers them itself. It must do nothing else for
  an \`OPTIONS\` request, whatever \`X-HTTP-Method-Override\` says.
- \`cors.origins\` lets scripts of those origins read our refusals, with credentials. What the upstream answers is its own.`;

function section(name: string, schema: Schema, root: Schema): string[] {
  const entries = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const members = (entries ?? schema).properties;
  const title = `## \`${name}\`${root.required?.includes(name) ? ' (needed)' : ''}`;
  const text = `${sentence(schema.description)}${entries === undefined ? '' : ' Each entry has these members:'}`;
  if (members === undefined) return [title, `${text} Value: ${value(schema)}${byDefault(schema)}.`];
  const rows = Object.entries(members).flatMap(([member, each]) => row(member, each, (entries ?? schema).required));
  return [title, text, ['| Member | Value | Default | What |', '|---|---|---|---|', ...rows].join('\n')];
}

function row(member: string, schema: Schema, required: readonly string[] = []): string[] {
  const standard = schema.default === undefined ? '' : code(schema.default);
  const cells = [`\`${member}\``, value(schema), required.includes(member) ? 'needed' : standard, schema.description];
  const inner = [schema, ...(schema.anyOf ?? [])].flatMap((each) => Object.entries(each.properties ?? {}));
  return [`| ${cells.join(' | ')} |`, ...inner.flatMap(([name, each]) => row(`${member}.${name}`, each))];
}

function value(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(value).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map(code).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'values' : value(schema.items)}`;
  if (schema.type === 'boolean') return '`true` or `false`';
  if (schema.pattern === durationForm.source) return 'duration';
  if (schema.type !== 'string') return schema.type ?? '';
  return schema.maxLength === undefined ? 'text' : `text, at most ${schema.maxLength}`;
}

const code = (each: unknown): string => `\`${JSON.stringify(each)}\``;
const byDefault = (schema: Schema): string => (schema.default === undefined ? '' : `; default ${code(schema.default)}`);

function sentence(text = ''): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
