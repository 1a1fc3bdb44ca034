/** A block of client addresses in CIDR form, "10.0.0.0/8" or "2001:db8::/32"; an address alone is a block of one. */
export interface Network {
  readonly text: string;
  readonly groups: Groups;
  /** Of the 128 that `groups` hold. */
  readonly bits: number;
}

/** Eight times 16 bits. An IPv4 address is its mapped form ::ffff:a.b.c.d, as a dual-stack listener reports it. */
type Groups = readonly number[];

// No flag u, for a JSON Schema has no place for it.
export const networkForm = /^[0-9a-fA-F:.]{2,45}(\/[0-9]{1,3})?$/;

/** Null for what is no block: a prefix that is too long, or bits set beyond it. */
export function parseNetwork(text: string): Network | null {
  if (!networkForm.test(text)) return null;
  const [address = '', prefix] = text.split('/');
  const groups = parseAddress(address);
  if (groups === null) return null;
  const before = address.includes(':') ? 0 : 96;
  const bits = prefix === undefined ? 128 : before + Number(prefix);
  if (bits > 128 || groups.some((group, index) => (group & ~maskOf(index, bits)) !== 0)) return null;
  return { text, groups, bits };
}

/** False for what is no address, such as the peer of a unix socket. */
export function isWithin(address: string, network: Network): boolean {
  const groups = parseAddress(address);
  if (groups === null || isMapped(groups) !== isMapped(network.groups)) return false;
  return groups.every((group, index) => (group & maskOf(index, network.bits)) === network.groups[index]);
}

/** The bits of one group that lie within the prefix. */
function maskOf(index: number, bits: number): number {
  const within = Math.min(Math.max(bits - 16 * index, 0), 16);
  return (0xffff << (16 - within)) & 0xffff;
}

function isMapped(groups: Groups): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

function parseAddress(text: string): Groups | null {
  if (!text.includes(':')) {
    const four = parseIpv4(text);
    return four === null ? null : [0, 0, 0, 0, 0, 0xffff, ...four];
  }
  const halves = text.split('::').map(parseGroups);
  const [head, tail] = halves;
  if (head === undefined || head === null || tail === null || halves.length > 2) return null;
  if (tail === undefined) return head.length === 8 ? head : null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** Of "2001:db8" or, at the end, "ffff:1.2.3.4". */
function parseGroups(text: string): number[] | null {
  const groups: number[] = [];
  const parts = text === '' ? [] : text.split(':');
  for (const [index, part] of parts.entries()) {
    const four = index === parts.length - 1 ? parseIpv4(part) : null;
    if (four !== null) groups.push(...four);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

function parseIpv4(text: string): [number, number] | null {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return [a * 256 + b, c * 256 + d];
}
