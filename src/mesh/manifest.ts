import { LineCounter, parseAllDocuments } from 'yaml';

export type Path = readonly (string | number)[];

/** One object of a file, with the lines that its members stand on. */
export interface Manifest {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** 1-based; of the nearest that holds it for a member that is not there. */
  lineOf(path: Path): number;
}

/** What is no YAML, with its line. */
export interface Unreadable {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Every object of a YAML or JSON text, those of a List one by one; YAML 1.1, for so Kubernetes and Envoy read it. */
export function readManifests(file: string, text: string): { manifests: Manifest[]; unreadable: Unreadable[] } {
  const lineCounter = new LineCounter();
  const manifests: Manifest[] = [];
  const unreadable: Unreadable[] = [];
  for (const document of parseAllDocuments(text, { lineCounter, version: '1.1' })) {
    if (!('contents' in document)) continue;
    const [error] = document.errors;
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1;
      unreadable.push({ file, line, message: error.message.split('\n')[0] ?? 'not YAML' });
      continue;
    }
    const lineOf = (path: Path): number => {
      for (let length = path.length; length >= 0; length -= 1) {
        const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
        const start = startOf(node);
        if (start !== null) return lineCounter.linePos(start).line;
      }
      return 1;
    };
    let value: unknown;
    try {
      value = document.toJS();
    } catch (error) {
      // aliases that are nowhere, or that multiply
      unreadable.push({ file, line: lineOf([]), message: error instanceof Error ? error.message : 'not YAML' });
      continue;
    }
    if (!isRecord(value)) continue;
    const items = String(value.kind).endsWith('List') && Array.isArray(value.items) ? value.items : null;
    if (items === null) manifests.push({ file, value, lineOf });
    else {
      items.forEach((item: unknown, index) => {
        if (isRecord(item)) {
          manifests.push({ file, value: item, lineOf: (path) => lineOf(['items', index, ...path]) });
        }
      });
    }
  }
  return { manifests, unreadable };
}

function startOf(node: unknown): number | null {
  if (!isRecord(node) || !Array.isArray(node.range)) return null;
  const [start] = node.range as unknown[];
  return typeof start === 'number' ? start : null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member at the path, or undefined. */
export function at(value: unknown, ...path: Path): unknown {
  let inner = value;
  for (const part of path) {
    if (Array.isArray(inner) && typeof part === 'number') inner = inner[part];
    else if (isRecord(inner)) inner = inner[part];
    else return undefined;
  }
  return inner;
}

export function listAt(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: unknown, ...path: Path): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** Every member of every object in it, from the outside in. */
export function* membersOf(value: unknown, path: Path = []): Generator<{ path: Path; name: string; value: unknown }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* membersOf(item, [...path, index]);
  } else if (isRecord(value)) {
    for (const [name, member] of Object.entries(value)) {
      yield { path: [...path, name], name, value: member };
      yield* membersOf(member, [...path, name]);
    }
  }
}
