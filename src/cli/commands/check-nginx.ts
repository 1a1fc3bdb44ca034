import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Input } from '../command.ts';
import { storeFolder } from '../installation.ts';
import { type LintFinding, lint } from '../nginx-lint/lint.ts';
import { readConf } from '../nginx-lint/read-conf.ts';
import { directivesWithin } from '../nginx-lint/scope.ts';
import { siteOf } from '../nginx-lint/site.ts';
import type { Directive } from '../nginx-tree.ts';
import type { Answer } from '../output.ts';
import { readSettings } from '../settings-file.ts';

/** `check --nginx`: the findings of every rule, errors first. Refused with one error or more. */
export async function checkNginx(input: Input, named: string): Promise<Answer> {
  const tree = await readConf(named, input.text('nginx-binary'));
  const path = settingsPathOf(input, tree);
  const { settings } = readSettings(path);
  const site = siteOf(tree, { settings, storeFolder: storeFolder(dirname(path), settings), modeOf });
  const findings = lint(site);
  const count = (severity: LintFinding['severity']) => findings.filter((each) => each.severity === severity).length;
  const errors = count('error');
  const gated = site.gated.filter(({ scope }) => scope.kind === 'location').length;
  const summary = [
    ...(errors === 0 ? [] : [`${errors} errors`]),
    `${settings.policies.size} policies`,
    `${gated} gated locations`,
    `${count('warning')} warnings`,
  ];
  return {
    refused: errors > 0,
    json: { ok: errors === 0, config: path, nginx: named, policies: [...settings.policies.keys()], gated, findings },
    lines: [...findings.flatMap(linesOf), `${errors === 0 ? 'ok' : 'refused'}: ${summary.join(', ')}`],
  };
}

function linesOf({ severity, file, line, code, reason, fix }: LintFinding): string[] {
  return [`${severity}: ${file}:${line}: ${code}: ${reason}`, `hint: ${fix}`];
}

/** What is named on the command line, else what the configuration itself names. */
function settingsPathOf(input: Input, tree: readonly Directive[]): string {
  if (input.text('config') !== undefined || input.text('data') !== undefined) return input.settingsPath();
  const variable = [...directivesWithin(tree)].find(
    ({ name, args }) => name === 'js_var' && args[0] === '$fido2_settings',
  );
  const path = variable?.args[1];
  if (path === undefined) return input.settingsPath();
  return existsSync(path) ? realpathSync(path) : path;
}

function modeOf(folder: string): number | null {
  return statSync(folder, { throwIfNoEntry: false })?.mode ?? null;
}
