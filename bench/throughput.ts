import { type DesignName, startDesign } from './designs.ts';
import type { LoadGenerator } from './load.ts';
import type { RunningNginx } from './nginx.ts';
import { cpuTime } from './processes.ts';
import { type Rig, requestPath } from './rig.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface Throughput {
  readonly connections: number;
  readonly design: DesignName;
  /** Requests a second. */
  readonly rate: Spread;
  /** Of the rate of the proxy with the same headers in the same round. */
  readonly ratio: Spread;
  /** Microseconds of processor time a request: nginx's worker, and the session service where there is one. */
  readonly cpu: Spread;
  /** What the proxy with the same headers takes of processor time in the same round, divided by what this takes. */
  readonly cpuRatio: Spread;
}

export interface ThroughputPlan {
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
}

const designs: readonly DesignName[] = ['plain', 'headers', 'gated', 'service'];

/** Loads each design in turn, round after round, each round beginning with another one. */
export async function measureThroughput(
  rig: Rig,
  run: LoadGenerator,
  plan: ThroughputPlan,
  onProgress: (line: string) => void,
): Promise<Throughput[]> {
  const running = new Map<DesignName, RunningNginx>();
  try {
    for (const design of designs) running.set(design, await startDesign(design, rig.setting));
    const results: Throughput[] = [];
    for (const connections of plan.connections) {
      const rounds: Map<DesignName, { rate: number; cpu: number }>[] = [];
      for (let round = 0; round < plan.rounds; round++) {
        onProgress(`throughput: ${connections} connections, round ${round + 1} of ${plan.rounds}`);
        const one = new Map<DesignName, { rate: number; cpu: number }>();
        for (let i = 0; i < designs.length; i++) {
          const design = designs[(i + round) % designs.length] ?? 'plain';
          const nginx = running.get(design);
          if (nginx !== undefined) one.set(design, await loadOnce(rig, run, design, nginx, connections, plan.seconds));
        }
        rounds.push(one);
      }
      results.push(...designs.map((design) => summarize(connections, design, rounds)));
    }
    return results;
  } finally {
    for (const nginx of running.values()) await nginx.stop();
  }
}

async function loadOnce(
  rig: Rig,
  run: LoadGenerator,
  design: DesignName,
  nginx: RunningNginx,
  connections: number,
  seconds: number,
): Promise<{ rate: number; cpu: number }> {
  const load = { port: nginx.port, path: requestPath, cookie: rig.cookies[design], connections };
  await run({ ...load, seconds: 1 });
  const processes = design === 'service' ? [nginx.worker, rig.sessionService.pid] : [nginx.worker];
  const time = () => processes.reduce((sum, pid) => sum + cpuTime(pid), 0);
  const before = time();
  const { rate, requests } = await run({ ...load, seconds });
  return { rate, cpu: (time() - before) / requests };
}

function summarize(
  connections: number,
  design: DesignName,
  rounds: readonly ReadonlyMap<DesignName, { rate: number; cpu: number }>[],
): Throughput {
  const of = (name: DesignName) => rounds.flatMap((round) => round.get(name) ?? []);
  const baseline = of('headers');
  const own = of(design);
  return {
    connections,
    design,
    rate: spreadOf(own.map(({ rate }) => rate)),
    ratio: spreadOf(own.map(({ rate }, i) => rate / (baseline[i]?.rate ?? Number.NaN))),
    cpu: spreadOf(own.map(({ cpu }) => cpu)),
    cpuRatio: spreadOf(own.map(({ cpu }, i) => (baseline[i]?.cpu ?? Number.NaN) / cpu)),
  };
}
