import { isRecord, type Manifest, type Path, readManifests, textAt } from './manifest.ts';
import { covers } from './selection.ts';
import type { ManifestFile } from './target.ts';

/** One way in which what is there is not what the document says. */
export interface Drift {
  readonly what: 'missing' | 'changed' | 'unexpected' | 'unreadable';
  /** `AuthorizationPolicy payments/fido2-payments`, or a file’s name. */
  readonly name: string;
  /** Where it was found; null for what is missing. */
  readonly file: string | null;
  readonly line: number | null;
  readonly detail: string;
}

type Documented = Readonly<Record<string, unknown>>;

/**
 * Compares what should be there with files or a dump of a cluster. What a cluster adds by itself (status, metadata
 * other than labels) is no drift; another policy that holds for the same workload is.
 */
export function diffMesh(
  wanted: readonly ManifestFile[],
  found: readonly { readonly name: string; readonly text: string }[],
): Drift[] {
  const read = found.map(({ name, text }) => readManifests(name, text));
  const manifests = read.flatMap((each) => each.manifests);
  const drift: Drift[] = read
    .flatMap(({ unreadable }) => unreadable)
    .map(({ file, line, message }) => ({ what: 'unreadable', name: file, file, line, detail: message }));
  const expected = wanted.flatMap(({ name, documents }) =>
    documents.map((value) => ({ value, key: keyOf(value, name) })),
  );
  for (const { value, key } of expected) {
    const same = manifests.filter((manifest) => keyOf(manifest.value, manifest.file) === key);
    if (same.length === 0)
      drift.push({ what: 'missing', name: key, file: null, line: null, detail: 'it is not there' });
    for (const manifest of same) drift.push(...changes(key, value, manifest));
  }
  const keys = new Set(expected.map(({ key }) => key));
  for (const manifest of manifests) {
    const key = keyOf(manifest.value, manifest.file);
    if (keys.has(key)) continue;
    const beside = expected.find(({ value }) => value.kind !== undefined && isBeside(manifest, value));
    if (beside === undefined) continue;
    const detail = `it holds for the same workload as ${beside.key}`;
    drift.push({ what: 'unexpected', name: key, file: manifest.file, line: manifest.lineOf([]), detail });
  }
  return drift;
}

/** Kubernetes’ objects and Consul’s entries by kind and name, else by the file. */
function keyOf(value: Documented, file: string): string {
  const name = textAt(value, 'metadata', 'name');
  if (typeof value.kind === 'string' && name !== undefined) {
    const group = String(value.apiVersion).split('/').slice(0, -1).join('/');
    return `${value.kind}${group === '' ? '' : `.${group}`} ${textAt(value, 'metadata', 'namespace') ?? 'default'}/${name}`;
  }
  if (typeof value.Kind === 'string') return `${value.Kind} ${value.Name}`;
  return file.split('/').at(-1) ?? file;
}

function isBeside(manifest: Manifest, value: Documented): boolean {
  const { kind } = manifest.value;
  // of these each adds to what is allowed, or overrides the other
  return kind === value.kind && kind !== 'ConfigMap' && kind !== 'Server' && covers(manifest, { value });
}

function changes(name: string, value: Documented, manifest: Manifest): Drift[] {
  const { file } = manifest;
  const drift: Drift[] = [];
  const add = (path: Path, detail: string) => {
    drift.push({ what: 'changed', name, file, line: manifest.lineOf(path), detail: `${path.join('.')}: ${detail}` });
  };
  for (const [label, text] of Object.entries(labelsOf(value))) {
    const path = ['metadata', 'labels', label];
    const other = labelsOf(manifest.value)[label];
    if (other !== text) add(path, `${show(other)}, not ${show(text)}`);
  }
  compare(bodyOf(value), bodyOf(manifest.value), [], add);
  return drift;
}

function labelsOf(value: Documented): Record<string, unknown> {
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  return isRecord(metadata.labels) ? metadata.labels : {};
}

/** Without what belongs to the cluster; a newer version of the API is the API’s own business. */
function bodyOf(value: Documented): Record<string, unknown> {
  const cluster = value.kind === undefined ? [] : ['apiVersion', 'metadata', 'status'];
  return Object.fromEntries(Object.entries(value).filter(([name]) => !cluster.includes(name)));
}

function compare(value: unknown, other: unknown, path: Path, add: (path: Path, detail: string) => void): void {
  if (isRecord(value) && isRecord(other)) {
    for (const name of new Set([...Object.keys(value), ...Object.keys(other)])) {
      compare(value[name], other[name], [...path, name], add);
    }
  } else if (Array.isArray(value) && Array.isArray(other) && value.length === other.length) {
    value.forEach((item, index) => {
      compare(item, other[index], [...path, index], add);
    });
  } else if (value !== other) {
    add(path, `${show(other)}, not ${show(value)}`);
  }
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
