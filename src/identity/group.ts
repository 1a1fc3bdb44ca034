import { Fido2Error } from '../errors.ts';

const name = /^[A-Za-z0-9._:@/-]{1,64}$/;
const most = 100;

/** Throws `malformed` for anything but 1 to 64 of [A-Za-z0-9._:@/-]. */
export function parseGroup(text: string): string {
  if (!name.test(text)) throw new Fido2Error('malformed', `${JSON.stringify(text)} is not a group's name`);
  return text;
}

/** Checked, sorted, each once; at most 100, because every identity token carries them. */
export function parseGroups(names: readonly string[]): string[] {
  const groups = [...new Set(names.map(parseGroup))].sort();
  if (groups.length > most) throw new Fido2Error('malformed', `${groups.length} groups, not at most ${most}`);
  return groups;
}

export function withGroup(groups: readonly string[], group: string): string[] {
  return parseGroups([...groups, group]);
}

export function withoutGroup(groups: readonly string[], group: string): string[] {
  return groups.filter((each) => each !== group);
}
