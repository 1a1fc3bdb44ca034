import * as v from 'valibot';
import { passkeysSchema } from './authenticator.ts';
import { policySchema } from './rules.ts';
import { duration, groupName, segmentName, text } from './values.ts';

const host = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*';
const port = '(:[1-9][0-9]{0,4})?';
const authority = `(https://${host}|http://localhost)${port}`;

const origin = v.pipe(
  v.string(),
  v.maxLength(260),
  v.regex(new RegExp(`^${authority}$`), 'expected an origin: https://HOST[:PORT], or http://localhost[:PORT]'),
);

// 43 characters of base64url hold 32 bytes: the last has four bits
const app = 'android:apk-key-hash:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]|ios:bundle-id:[A-Za-z0-9][A-Za-z0-9.-]{0,154}';

const originOrApp = v.pipe(
  v.string(),
  v.maxLength(260),
  v.regex(
    new RegExp(`^(${authority}|${app})$`),
    'expected an origin: https://HOST[:PORT], http://localhost[:PORT], android:apk-key-hash:HASH or ios:bundle-id:ID',
  ),
);

const rp = v.strictObject({
  id: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(253),
      v.regex(new RegExp(`^${host}$`), 'expected a host name in lower case'),
      v.description('the domain that passkeys are bound to; default: the host of the first origin'),
    ),
  ),
  name: v.optional(v.pipe(text(64), v.description('what authenticators show; default: rp.id'))),
  origins: v.pipe(
    v.array(originOrApp),
    v.minLength(1),
    v.maxLength(32, 'at most 32 origins'),
    v.description('where the site is reached, as the browser writes it, and apps: `android:apk-key-hash:..`'),
  ),
  topOrigins: v.optional(
    v.pipe(
      v.array(origin),
      v.minLength(1),
      v.maxLength(32, 'at most 32 origins'),
      v.description('pages that may hold the site in a frame where a passkey is used; default: none'),
    ),
  ),
});

const session = v.strictObject({
  idle: v.optional(duration('without a request for this long a session ends'), '30m'),
  absolute: v.optional(duration('a session ends this long after the sign-in'), '12h'),
});

const identity = v.strictObject({
  issuer: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(400),
      v.regex(
        new RegExp(`^${authority}(/[A-Za-z0-9._~-]+)*$`),
        'expected https://HOST[:PORT][/PATH] without a slash at the end',
      ),
      v.description('the token’s iss; its metadata stand below it; default: the first origin'),
    ),
  ),
  audience: v.optional(v.pipe(text(400), v.description('the token’s aud where no workload is named; default: issuer'))),
  ttl: v.optional(duration('life of an identity token, 60s to 300s'), '120s'),
  refresh: v.optional(duration('how long a decision is remembered: the bound on how stale a group may be'), '30s'),
  profile: v.optional(
    v.pipe(
      v.picklist(['assertion', 'txn']),
      v.description('txn: locations may send a transaction token besides the identity token'),
    ),
    'assertion',
  ),
  trustDomain: v.optional(v.pipe(text(400), v.description('the aud of transaction tokens; default: rp.id'))),
  bind: v.optional(
    v.pipe(
      v.array(v.picklist(['method', 'target', 'body'])),
      v.description('what of its request a transaction token is bound to'),
    ),
    [],
  ),
});

const keys = v.strictObject({
  publish: v.optional(duration('a key is published this long before it signs: longer than the slowest cache'), '1h'),
  rotate: v.optional(duration('a key signs for this long'), '24h'),
  retire: v.optional(duration('a key stays published this long after the next one signs'), '1h'),
});

const store = v.strictObject({
  type: v.optional(v.pipe(v.picklist(['file']), v.description('a folder, for one machine')), 'file'),
  path: v.optional(
    v.pipe(text(1000), v.description('folder of keys and records; relative to the folder of this document')),
    '.',
  ),
});

// Kubernetes' form: a prefix before a slash may stand before a label's name.
const labelText = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$/, 'expected a label of Kubernetes'),
);

const workload = v.strictObject({
  audience: v.pipe(text(400), v.description('the aud of this workload’s tokens')),
  groupMap: v.optional(v.pipe(v.boolean(), v.description('groups in a map, claim grp, besides the list: for Consul'))),
  policy: v.optional(
    v.pipe(segmentName, v.description('the one policy that a location may name with this workload; default: any')),
  ),
  namespace: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a namespace is 1 to 63 of a-z 0-9 -'),
      v.description('where the mesh has the workload; for its manifests'),
    ),
  ),
  labels: v.optional(
    v.pipe(
      v.record(labelText, labelText),
      v.minEntries(1, 'leave the member out, or name a label'),
      v.description('the labels that select the workload; for the manifests of a mesh'),
    ),
  ),
});

const cors = v.strictObject({
  origins: v.optional(
    v.pipe(
      v.array(origin),
      v.minLength(1),
      v.maxLength(32, 'at most 32 origins'),
      v.description('origins whose scripts may read our refusals'),
    ),
  ),
});

const audit = v.strictObject({
  ceremonies: v.optional(
    v.pipe(
      v.boolean(),
      v.description('keep refused ceremonies in ceremonies.log, for `ngx-fido2 inspect --lines`: up to 4 MiB'),
    ),
    false,
  ),
});

const logo = v.pipe(
  v.string('expected the text of an SVG image'),
  v.maxLength(16_384, 'expected at most 16384 characters'),
  v.description('the text of an SVG image, shapes and gradients only, about square; default: a key'),
);

const accent = v.pipe(
  v.string('expected a colour such as "#0b6b57"'),
  v.regex(/^#[0-9a-f]{6}$/, 'expected a colour such as "#0b6b57", in lower case'),
  v.description('colour of buttons and links, dark enough for a white label; what dark schemes need follows from it'),
);

const languageTag = v.pipe(
  v.string('expected a language tag such as "de"'),
  v.regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'expected a language tag such as "de" or "pt-BR"'),
  v.maxLength(35, 'expected a language tag of at most 35 characters'),
);

const pages = v.strictObject({
  name: v.optional(v.pipe(text(64), v.description('the site’s name on the pages; default: rp.name'))),
  help: v.optional(v.pipe(text(200), v.description('whom to ask for help: an address, a number, a sentence'))),
  logo: v.optional(logo),
  accent: v.optional(accent),
  reasonsFor: v.optional(
    v.pipe(
      v.array(groupName),
      v.minLength(1),
      v.description('groups whose members are told which rule of a policy refused them'),
    ),
  ),
  languages: v.optional(
    v.pipe(
      v.array(languageTag),
      v.minLength(1),
      v.maxLength(20, 'at most 20 languages'),
      v.description(
        'languages of the pages, the first for browsers that ask for none of them; the words of each stand in texts/LANGUAGE.json beside this document, English is built in',
      ),
    ),
  ),
});

/** fido2.json as it is written. The published JSON Schema and docs/configuration.md are printed from it. */
export const settingsSchema = v.strictObject({
  $schema: v.optional(
    v.pipe(v.string(), v.description('where an editor finds the JSON Schema; nothing else reads it')),
  ),
  rp: v.pipe(rp, v.description('the relying party: the site')),
  session: v.optional(v.pipe(session, v.description('how long a sign-in lasts')), {}),
  identity: v.optional(v.pipe(identity, v.description('the signed identity that upstreams receive')), {}),
  keys: v.optional(v.pipe(keys, v.description('rotation of the keys that sign identity tokens')), {}),
  store: v.optional(v.pipe(store, v.description('where users, sessions and keys are kept')), {}),
  crypto: v.optional(
    v.pipe(
      v.picklist(['auto', 'portable']),
      v.description('which cryptography: auto takes OpenSSL where it has the algorithm, portable JavaScript alone'),
    ),
    'auto',
  ),
  passkeys: v.optional(v.pipe(passkeysSchema, v.description('what is asked of passkeys')), {}),
  policies: v.pipe(
    v.record(segmentName, v.pipe(policySchema, v.description('who is admitted'))),
    v.description('by name; a location names its policy in auth_request /fido2/authorize/NAME'),
  ),
  workloads: v.optional(
    v.pipe(
      v.record(segmentName, workload),
      v.description('by name; a location names its workload in auth_request /fido2/authorize/POLICY/NAME'),
    ),
    {},
  ),
  audit: v.optional(v.pipe(audit, v.description('what is kept beside audit.log')), {}),
  cors: v.optional(v.pipe(cors, v.description('other origins that call gated locations')), {}),
  pages: v.optional(v.pipe(pages, v.description('name, words and colour of the pages')), {}),
});

export type WrittenSettings = v.InferOutput<typeof settingsSchema>;
