import { type DesignName, designTitles } from './designs.ts';
import { type Hop, hopTitles } from './hop.ts';
import type { Logins, Misses } from './logins.ts';
import type { PolicyCost } from './policies.ts';
import { formatSpread } from './statistics.ts';
import type { Throughput } from './throughput.ts';
import { formatVerification } from './verify/format-verification.ts';
import type { Verifications } from './verify/measure.ts';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly nginx: string;
  readonly njs: string;
}

/** What build/bench.json holds. A part that was not measured is absent. */
export interface Report {
  readonly time: string;
  readonly command: string;
  readonly machine: Machine;
  instructions?: Readonly<Record<'plain' | 'headers' | 'gated' | 'quickjs' | 'miss', number>>;
  throughput?: { readonly generator: string; readonly rounds: number; readonly rows: readonly Throughput[] };
  /** Kilobytes. */
  memory?: { readonly requests: number } & Readonly<Record<'plain' | 'headers' | 'gated' | 'quickjs', number>>;
  policies?: readonly PolicyCost[];
  logins?: {
    readonly native: Logins;
    readonly portable: Logins;
    readonly peer: Logins | null;
    readonly misses: Misses;
  };
  verification?: Verifications;
  hop?: {
    readonly generator: string;
    readonly connections: number;
    readonly rounds: number;
    readonly rows: readonly Hop[];
  };
  /** Why a part that was asked for is absent. */
  readonly skipped: string[];
}

/** The figures as tables in Markdown. */
export function formatReport(report: Report): string {
  const { machine, instructions, throughput, memory, policies, logins, verification, hop, skipped } = report;
  const lines = [
    `nginx ${machine.nginx}, njs ${machine.njs}, Node ${machine.node}, ${machine.cores} cores of ${machine.processor}`,
  ];
  if (instructions !== undefined) {
    lines.push('', 'User-space instructions of nginx for a request');
    const rows = (['plain', 'headers', 'gated', 'quickjs'] as const).map(
      (name) => [designTitles[name], instructions[name]] as const,
    );
    lines.push(
      ...table(
        ['design', 'instructions', 'added'],
        [...rows, ['gated, the first request of a session', instructions.miss] as const].map(([title, count]) => [
          title,
          thousands(count),
          thousands(count - instructions.headers),
        ]),
      ),
    );
  }
  if (throughput !== undefined) {
    lines.push(
      '',
      `Throughput of one worker, ${throughput.rounds} rounds by ${throughput.generator}: median [min-max]`,
    );
    lines.push(
      ...table(
        ['connections', 'design', 'requests/s', 'of the same headers', 'CPU us/request', 'CPU ratio'],
        throughput.rows.map(({ connections, design, rate, ratio, cpu, cpuRatio }) => [
          String(connections),
          designTitles[design],
          formatSpread(rate, 0),
          formatSpread(ratio, 2),
          formatSpread(cpu, 1),
          formatSpread(cpuRatio, 2),
        ]),
      ),
    );
  }
  if (memory !== undefined) {
    const names: readonly Exclude<DesignName, 'service'>[] = ['plain', 'headers', 'gated', 'quickjs'];
    lines.push('', `Memory of the worker for each of ${memory.requests} requests in flight`);
    lines.push(
      ...table(
        ['design', 'KB'],
        names.map((name) => [designTitles[name], memory[name].toFixed(1)]),
      ),
    );
  }
  if (policies !== undefined) {
    const [simplest] = policies;
    lines.push('', 'User-space instructions of nginx for a request that is answered from memory');
    lines.push(
      ...table(
        ['installation', 'token, bytes', 'instructions', 'of the simplest'],
        policies.map(({ title, tokenBytes, instructions: count }) => [
          ...[title, String(tokenBytes), thousands(count)],
          (count / (simplest?.instructions ?? count)).toFixed(3),
        ]),
      ),
    );
  }
  if (logins !== undefined) {
    const { native, portable, peer, misses } = logins;
    const row = (title: string, { logins: count, rate, cpu }: Logins) => [
      title,
      String(count),
      rate.toFixed(0),
      cpu.toFixed(2),
      (native.cpu / cpu).toFixed(2),
    ];
    lines.push('', 'Logins, each options and assertion, one signature and one session record');
    lines.push(
      ...table(
        ['server', 'logins', 'logins/s', 'CPU ms/login', 'per CPU, of ours'],
        [
          row('ngx-fido2, one worker', native),
          row('ngx-fido2, one worker, portable crypto', portable),
          ...(peer === null ? [] : [row('Node with @simplewebauthn/server', peer)]),
        ],
      ),
    );
    lines.push('', `CPU of the worker for a request of a session, ${misses.requests} sessions one after the other`);
    lines.push(
      ...table(
        ['request', 'us'],
        [
          ['the first: decided and signed', misses.miss.toFixed(0)],
          ['the second: from memory', misses.hit.toFixed(0)],
        ],
      ),
    );
  }
  for (const kind of verification === undefined ? [] : (['registration', 'authentication'] as const)) {
    const [head = [], ...rows] = formatVerification(kind, verification?.rows ?? []);
    lines.push(
      '',
      `CPU us for the verification of one ${kind}; the others also against ours in Node: median [min-max]`,
    );
    lines.push(...table(head, rows));
  }
  if (hop !== undefined) {
    const { generator, connections, rounds, rows } = hop;
    lines.push('', `A hop into a mesh, ${connections} connections, ${rounds} rounds by ${generator}: median [min-max]`);
    lines.push(
      ...table(
        ['design', 'requests/s', 'of no token', 'CPU us/request, nginx and Envoy', 'CPU ratio'],
        rows.map(({ design, rate, ratio, cpu, cpuRatio }) => [
          hopTitles[design],
          formatSpread(rate, 0),
          formatSpread(ratio, 2),
          formatSpread(cpu, 1),
          formatSpread(cpuRatio, 2),
        ]),
      ),
    );
  }
  if (verification !== undefined) {
    const { first, last } = verification.memory;
    lines.push('', `Memory of nginx's worker: ${first} KB after the first verification, ${last} KB after all`);
  }
  lines.push(...skipped.map((line) => `left out: ${line}`));
  return lines.join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)];
}

function thousands(count: number): string {
  return Math.round(count).toLocaleString('en');
}
