import { formatSpread } from '../statistics.ts';
import { type Engine, engines, type Verification } from './measure.ts';

const titles: Readonly<Record<Engine, string>> = {
  node: 'ngx-fido2 in Node',
  nginx: 'in nginx',
  portable: 'in nginx, portable',
  simplewebauthn: '@simplewebauthn/server',
  fido2lib: 'fido2-lib',
};

/** The head and the cells of a table: microseconds, and for the others the ratio to ours in Node. */
export function formatVerification(kind: Verification['kind'], rows: readonly Verification[]): string[][] {
  const head = [kind === 'registration' ? 'format' : 'algorithm', ...engines.map((engine) => titles[engine])];
  const cells = rows
    .filter((row) => row.kind === kind)
    .map(({ name, costs }) => [
      name,
      ...engines.map((engine) => {
        const cost = costs[engine];
        if (cost === null) return '-';
        const time = cost.time.median.toFixed(0);
        return engine === 'node' ? formatSpread(cost.time, 0) : `${time}: ${formatSpread(cost.ratio, 2)}`;
      }),
    ]);
  return [head, ...cells];
}
