/** A test used something of Node that nginx has nothing for: it counts as skipped there. */
export class NeedsNode extends Error {}

/** Stands for a function; its result may stand at a file's top level and throws where a test uses it. */
export function needsNode(name: string): () => object {
  const use = (): never => {
    throw new NeedsNode(`needs ${name}`);
  };
  const absent = new Proxy({}, { get: use, has: use, ownKeys: use });
  // a function of this form may be called with new
  return function stand() {
    return absent;
  };
}
