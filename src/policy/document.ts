import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';

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
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const findingAt = (offset: number, path: Path, message: string, hint: string): Finding => {
    const before = text.slice(0, offset).split('\n');
    return { path: path.join('.'), line: before.length, column: (before.at(-1) ?? '').length + 1, message, hint };
  };
  const [first] = errors;
  if (root === undefined || first !== undefined) {
    return [
      findingAt(
        first?.offset ?? 0,
        [],
        `not JSON: ${first === undefined ? 'empty' : printParseErrorCode(first.error)}`,
        strict,
      ),
    ];
  }
  if (root.type !== 'object') return [findingAt(0, [], 'not a JSON object', 'the document is one object: {"rp": ..}')];
  const findings = checkTree(root, findingAt);
  if (findings.length > 0) return findings;
  return {
    value: getNodeValue(root),
    finding: (path, message, hint) => findingAt(offsetOf(root, path), path, message, hint),
  };
}

const reserved = ['__proto__', 'constructor', 'prototype'];

function checkTree(
  root: Node,
  findingAt: (at: number, path: Path, message: string, hint: string) => Finding,
): Finding[] {
  const findings: Finding[] = [];
  const open: { node: Node; path: Path }[] = [{ node: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, path } = next;
    const seen = new Set<unknown>();
    // The schema library takes a list without entries for an object without members: for a policy without rules.
    if (node.type === 'array' && node.children?.length === 0) {
      findings.push(findingAt(node.offset, path, 'the list is empty', 'leave the member out, or write what it lists'));
    }
    (node.children ?? []).forEach((child, index) => {
      if (node.type !== 'object') {
        open.push({ node: child, path: [...path, index] });
        return;
      }
      const [name, value] = child.children ?? [];
      const member = String(name?.value);
      const at = [...path, member];
      if (seen.has(member)) {
        findings.push(findingAt(child.offset, at, `${JSON.stringify(member)} stands here twice`, 'remove one of them'));
      }
      if (reserved.includes(member)) {
        findings.push(findingAt(child.offset, at, `${JSON.stringify(member)} is reserved`, 'choose another name'));
      }
      seen.add(member);
      if (value !== undefined) open.push({ node: value, path: at });
    });
  }
  return findings.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Where the value stands, or for a member that is not there the nearest that holds it. */
function offsetOf(root: Node, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node !== undefined) return node.offset;
  }
  return root.offset;
}
