import { type JsonNode, readJsonTree } from './json-tree.ts';

/** Something to mend, with its place in the document (1-based; column in UTF-16 units). */
export interface Finding {
  /** Dotted, for example `rp.origins.0`; empty for the document itself. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

export type Path = readonly (string | number)[];

/** A JSON document that knows where its members stand. */
export interface JsonDocument {
  readonly value: unknown;
  finding(path: Path, message: string, hint: string): Finding;
}

const strict = 'strict JSON has no comments and no comma before a closing bracket';

/** Strict JSON: comments, commas at the end, repeated or reserved member names and empty lists are findings. */
export function parseDocument(text: string): JsonDocument | readonly Finding[] {
  const root = readJsonTree(text);
  const findingAt = (offset: number, path: Path, message: string, hint: string): Finding => {
    const before = text.slice(0, offset).split('\n');
    return { path: path.join('.'), line: before.length, column: (before.at(-1) ?? '').length + 1, message, hint };
  };
  if ('message' in root) return [findingAt(root.offset, [], `not JSON: ${root.message}`, strict)];
  if (root.members === undefined) {
    return [findingAt(root.start, [], 'not a JSON object', 'the document is one object: {"rp": ..}')];
  }
  const findings = checkTree(root, findingAt);
  if (findings.length > 0) return findings;
  return {
    value: JSON.parse(text),
    finding: (path, message, hint) => findingAt(offsetOf(root, path), path, message, hint),
  };
}

const reserved = ['__proto__', 'constructor', 'prototype'];

function checkTree(
  root: JsonNode,
  findingAt: (at: number, path: Path, message: string, hint: string) => Finding,
): Finding[] {
  const findings: Finding[] = [];
  const open: { node: JsonNode; path: Path }[] = [{ node: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, path } = next;
    // The schema library takes a list without entries for an object without members: for a policy without rules.
    if (node.items?.length === 0) {
      findings.push(findingAt(node.start, path, 'the list is empty', 'leave the member out, or write what it lists'));
    }
    node.items?.forEach((item, index) => {
      open.push({ node: item, path: [...path, index] });
    });
    const seen = new Set<string>();
    for (const { name, start, value } of node.members ?? []) {
      const at = [...path, name];
      if (seen.has(name)) {
        findings.push(findingAt(start, at, `${JSON.stringify(name)} stands here twice`, 'remove one of them'));
      }
      if (reserved.includes(name)) {
        findings.push(findingAt(start, at, `${JSON.stringify(name)} is reserved`, 'choose another name'));
      }
      seen.add(name);
      open.push({ node: value, path: at });
    }
  }
  return findings.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Where the value stands, or for a member that is not there the nearest that holds it. */
function offsetOf(root: JsonNode, path: Path): number {
  let node = root;
  for (const part of path) {
    const next = node.items?.[Number(part)] ?? node.members?.find(({ name }) => name === part)?.value;
    if (next === undefined) break;
    node = next;
  }
  return node.start;
}
