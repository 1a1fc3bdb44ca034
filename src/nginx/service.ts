import { fromUtf8, toBase64url } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { generateSigningKey, importSigningKey, type SigningKey } from '../crypto/sign.ts';
import { Fido2Error } from '../errors.ts';
import { deriveMacKeys, ensureMacRing, type MacKeys, type MacRing } from '../identity/mac-keys.ts';
import type { IdentityPorts } from '../identity/record.ts';
import { ensureSigningRing, type SigningRing, signingKeyAt } from '../identity/signing-keys.ts';
import { parseSettings, type Settings } from '../policy/settings.ts';
import { createFileStore } from '../store/file.ts';
import type { Store } from '../store/store.ts';
import { missingZones, state, tokens } from './dicts.ts';
import { noticeMetadata } from './model.ts';
import { readTexts } from './read-texts.ts';
import { clock, files, log, random, subtle, type Variables, versions } from './runtime.ts';

/**
 * What every handler works with: the settings in force, the store, the keys. A context loads it once and again when
 * the generation changes; it holds nothing of any request.
 */
export interface Service {
  readonly settings: Settings;
  readonly store: Store;
  readonly ports: IdentityPorts;
  readonly macKeys: MacKeys;
  readonly signingRing: SigningRing;
  readonly generation: string;
  /** Absolute path of the folder that the workers own. */
  readonly folder: string;
  /** The folder of fido2.json, from which its relative paths count. */
  readonly home: string;
  /** Path of the internal socket. */
  readonly socket: string;
  /** Which list of authenticator models the store has; null: none. */
  readonly metadata: string | null;
  signingKey(now: number): Promise<SigningKey>;
}

let loaded: Service | null = null;

/** Throws `unfit` with the reason: then nothing is remembered and every gated request is 503. */
export async function loadService(variables: Variables): Promise<Service> {
  const missing = missingZones();
  if (missing.length > 0) throw new Fido2Error('unfit', `no zone ${missing.join(', ')}: include fido2/http.conf`);
  const generation = state.get('generation');
  if (loaded !== null && loaded.generation === generation) return loaded;
  try {
    loaded = await load(variables, generation ?? nextGeneration());
  } catch (error) {
    if (error instanceof Fido2Error && error.code === 'unfit') tokens.clear();
    throw error;
  }
  state.set('folder', loaded.folder);
  return loaded;
}

/** The settings in force without waiting for anything, or null where nothing is loaded or fit. */
export function settingsInForce(): Settings | null {
  if (loaded !== null) return loaded.settings;
  const text = state.get('settings');
  return text === undefined ? null : parseSettings(text).settings;
}

export function settingsPath(variables: Variables): string {
  const path = variables.fido2_settings ?? '';
  if (!path.startsWith('/')) throw new Fido2Error('unfit', `$fido2_settings is ${JSON.stringify(path)}, not a path`);
  return path;
}

/** Makes every context of every worker load anew. */
export function nextGeneration(): string {
  const generation = toBase64url(random.bytes(9));
  state.set('generation', generation);
  return generation;
}

function settingsText(variables: Variables): string {
  const adopted = state.get('settings');
  if (adopted !== undefined) return adopted;
  const text = readSettings(settingsPath(variables));
  parseSettings(text);
  state.add('settings', text);
  return state.get('settings') ?? text;
}

function readSettings(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = files.read(path);
  } catch (error) {
    throw new Fido2Error('unfit', `settings: ${(error as Error).message}`, { cause: error });
  }
  const text = fromUtf8(bytes);
  if (text === null) throw new Fido2Error('unfit', `settings: ${path} is not UTF-8`);
  return text;
}

/**
 * Puts the document on disk in force, once per start of a worker process: a reload is what adopts a change. One
 * that is wrong leaves the last good one in force and says so until it is mended.
 */
export function adoptSettings(variables: Variables): void {
  try {
    const path = settingsPath(variables);
    const text = readSettings(path);
    const texts = readTexts(path, parseSettings(text).settings.pages.languages);
    state.remove('degraded');
    if (state.get('settings') === text && state.get('texts') === texts) return;
    state.set('settings', text);
    state.set('texts', texts);
    nextGeneration();
    tokens.clear();
    log.info('settings: in force');
  } catch (error) {
    const detail = (error as Error).message;
    if (state.get('settings') === undefined) throw new Fido2Error('unfit', detail, { cause: error });
    state.set('degraded', detail.slice(0, 500));
    log.error(`settings refused, the last good ones stay in force: ${JSON.stringify(detail.slice(0, 500))}`);
  }
}

async function load(variables: Variables, generation: string): Promise<Service> {
  const path = settingsPath(variables);
  const { settings } = parseSettings(settingsText(variables));
  const home = path.slice(0, path.lastIndexOf('/'));
  const folder = settings.store.path.startsWith('/') ? settings.store.path : `${home}/${settings.store.path}`;
  checkVersions();
  checkFolder(folder);
  const store = createFileStore({ files, clock, random, root: folder, log: (line) => log.error(line) });
  const ports: IdentityPorts = { store, clock, random, sha256: (bytes) => sha256(subtle, bytes) };
  const macRing = await ensureMacRing(ports);
  const signingRing = await ensureSigningRing(store, clock.now(), settings.keys, () => generateSigningKey(subtle));
  announceKeys(macRing.value, signingRing.value);
  const imported = new Map<string, SigningKey>();
  return {
    settings,
    store,
    ports,
    macKeys: await deriveMacKeys(subtle, macRing.value),
    signingRing: signingRing.value,
    generation,
    folder,
    home,
    socket: variables.fido2_socket ?? '',
    metadata: await noticeMetadata(store),
    async signingKey(now) {
      const record = signingKeyAt(signingRing.value, now);
      if (record === null) throw new Fido2Error('unfit', 'there is no signing key');
      const there = imported.get(record.kid);
      if (there !== undefined) return there;
      const key = await importSigningKey(subtle, record);
      imported.set(record.kid, key);
      return key;
    },
  };
}

/**
 * A ring that somebody rotated is loaded by every context as soon as one has seen it: a cookie made with the new key
 * must hold everywhere. Dropped keys also end what was remembered. The change is noted last, so that a worker killed
 * on the way leaves it to the next.
 */
export function announceKeys(mac: MacRing, signing: SigningRing): void {
  const ids = [...mac.keys.map(({ id }) => id), ...signing.keys.map(({ kid }) => kid)];
  const before = state.get('keys');
  if (before === ids.join(' ')) return;
  if (before !== undefined) {
    nextGeneration();
    if (before.split(' ').some((id) => !ids.includes(id))) tokens.clear();
  }
  state.set('keys', ids.join(' '));
}

function checkVersions(): void {
  const [major = 0, minor = 0, patch = 0] = versions.njs.split('.').map(Number);
  if (major * 1e6 + minor * 1e3 + patch < 1_000_002) {
    throw new Fido2Error('unfit', `njs ${versions.njs} is older than 1.0.2, which mended ways past the gate`);
  }
  if (versions.engine !== 'QuickJS') throw new Fido2Error('unfit', `js_engine is ${versions.engine}, not qjs`);
}

function checkFolder(folder: string): void {
  let mode: number;
  try {
    mode = files.stat(folder).mode;
  } catch (error) {
    throw new Fido2Error('unfit', `store: ${(error as Error).message}`, { cause: error });
  }
  if ((mode & 0o077) !== 0) {
    throw new Fido2Error(
      'unfit',
      `store: ${folder} has mode 0${(mode & 0o777).toString(8)}, others may enter: chmod 0700`,
    );
  }
}
