import { ceremonySteps } from '../../protocol/steps.ts';
import { printable } from '../output.ts';
import type { TextInspection } from './inspect-text.ts';

/** The guards in their order, up to the one that refused, and what was found. */
export function explainInspection({ kind, verdict, unchecked }: TextInspection): string[] {
  const steps = ceremonySteps[kind];
  const passed = ([step, title]: readonly [string, string]): string =>
    unchecked.includes(step) ? `--  ${step}  not checked: ${title}` : `ok  ${step}  ${title}`;
  if (!verdict.verified && 'code' in verdict) {
    const at = steps.findIndex(([step]) => step === verdict.step);
    const title = steps[at]?.[1] ?? 'the document is one that inspect reads';
    const refused = `no  ${verdict.step ?? '-'}  ${title}`;
    return [
      ...steps.slice(0, Math.max(0, at)).map(passed),
      refused,
      `refused: ${verdict.code}: ${printable(verdict.detail)}`,
    ];
  }
  const found = Object.entries(verdict).filter(([name]) => name !== 'verified' && name !== 'unchecked');
  const facts = found.map(([name, value]) => `  ${name}: ${printable(JSON.stringify(value))}`);
  const outcome = verdict.verified
    ? 'verified'
    : `not verified: nothing is refused, and ${unchecked.join(', ')} not checked`;
  return [...steps.map(passed), outcome, ...facts];
}
