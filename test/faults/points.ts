import type { Hold } from './hold.ts';
import type { Patch } from './variant.ts';

/** Points of the session engine where a test stops it, and guards that a test takes away to see them missed. */

const entryPut = '    if (life > 0) tokens.put(key, token, life);\n';
const lookForTombstone = '    if (tombstones.has(session.value.id)) {\n';

/** The decision is made and the token signed; the entry is not there yet. */
export function stopBeforeEntry(hold: Hold): Patch {
  const find = "  count('fills');\n";
  return { file: 'src/nginx/decide.ts', find, replace: `${find}  ${hold.at('before-entry')};\n` };
}

/** The entry is there; nobody has looked for a revocation since. */
export function stopAfterEntry(hold: Hold): Patch {
  return { file: 'src/nginx/decide.ts', find: entryPut, replace: `${entryPut}    ${hold.at('after-entry')};\n` };
}

/** The store says that the session ended; the workers' memory does not know yet. */
export function stopBeforeBurial(hold: Hold): Patch {
  const find = '    await bury(service, revocation);\n    count(';
  const replace = `    ${hold.at('before-burial')};\n${find}`;
  return { file: 'src/nginx/revoke.ts', find, replace };
}

const claim = '    claimChallenge(challenge);\n';

/** An answer has held in everything but the claim. */
export function stopBeforeClaim(hold: Hold, ceremony: 'login' | 'register'): Patch {
  const replace = `    ${hold.at('before-claim')};\n${claim}`;
  return { file: `src/nginx/${ceremony}.ts`, find: claim, replace };
}

/** The session is about to get its next authentication. */
export function stopBeforeStepUp(hold: Hold): Patch {
  const find = '      const next = await stepUpSession(';
  return { file: 'src/nginx/login.ts', find, replace: `      ${hold.at('before-step-up')};\n${find}` };
}

/** A claim that everybody gets. */
export const claimsNothing: Patch = {
  file: 'src/nginx/ceremony.ts',
  find: '  if (!first) throw',
  replace: '  if (!first && clock.now() < 0) throw',
};

/** A fill that looks for a revocation before it puts the entry, or never. */
export const neverLooks: Patch = {
  file: 'src/nginx/decide.ts',
  find: lookForTombstone,
  replace: '    if (tombstones.has("none")) {\n',
};

/** A revocation that deletes the entries first and puts the tombstone after that. */
export function deletesFirst(hold: Hold): Patch[] {
  const file = 'src/nginx/revoke.ts';
  const find = '    tombstones.put(revocation.session, tombstoneLife(service.settings));\n';
  const late = `    await dropEntries(service, revocation);\n    ${hold.at('between')};\n${find}`;
  return [
    { file, find, replace: late },
    { file, find: '  } finally {\n    await dropEntries(service, revocation);\n', replace: '  } finally {\n' },
  ];
}

/** Without the poll of the store: what a revocation leaves behind stays. */
export const neverPolls: Patch = {
  file: 'src/nginx/tick.ts',
  find: '    await buryRevoked(service);\n',
  replace: '    void buryRevoked;\n',
};

/** A fill that does not look whether settings or keys changed meanwhile. */
export const ignoresGeneration: Patch = {
  file: 'src/nginx/decide.ts',
  find: "    if (state.get('generation') !== generation) tokens.drop(key);\n",
  replace: '    void [state, generation];\n',
};

/** What is done each minute is done at each tick. */
export const minuteIsAlwaysDue: Patch = {
  file: 'src/nginx/tick.ts',
  find: 'const minute = 60_000;',
  replace: 'const minute = 1;',
};
