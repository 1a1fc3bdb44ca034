import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What one input may take on a busy machine, however it is built: nanoseconds, and nanoseconds a byte. */
const mostTime = { once: 50_000_000n, perByte: 20_000n };
/** KiB that may come to what stood there when the run began, and that 1024 inputs may take at once. */
const mostMemory = 64 * 1024;
const settled = 20_480;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

let runs = 0;
const memory = { peak: 0, looked: 0, held: 0 };

/**
 * The function with bounds: it throws where an input takes too long, three times in a row so that nobody else's work
 * counts, and where inputs take more than 64 MiB or leave more than that behind.
 */
export function bounded(work: (input: Uint8Array) => void): (data: Buffer) => void {
  return (data) => {
    const input = new Uint8Array(data);
    const most = mostTime.once + mostTime.perByte * BigInt(input.length);
    for (let attempt = 1; ; attempt++) {
      const start = process.hrtime.bigint();
      work(input);
      const taken = process.hrtime.bigint() - start;
      if (taken <= most) break;
      if (attempt === 3) throw new Error(`${input.length} bytes took ${taken / 1_000_000n} ms`);
    }
    runs += 1;
    if (runs % 1024 === 0) requireMemory();
  };
}

function requireMemory(): void {
  const { maxRSS: peak } = process.resourceUsage();
  const rise = peak - memory.peak;
  memory.peak = peak;
  if (runs <= settled) {
    memory.looked = peak;
    if (runs === settled) memory.held = held();
    return;
  }
  if (rise > mostMemory) throw new Error(`1024 inputs took ${rise} KiB`);
  if (peak - memory.looked <= mostMemory) return;
  // the engine collects late: what counts is what stays
  memory.looked = peak;
  const now = held();
  if (now - memory.held > mostMemory) throw new Error(`the process grew from ${memory.held} to ${now} KiB`);
}

/** KiB that are in use after all garbage is gone. */
function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 1024);
}
