/** What one input may take on a busy machine, however it is built: nanoseconds, and nanoseconds a byte. */
const mostTime = { once: 50_000_000n, perByte: 20_000n };
/** What the whole run may take beyond what stood there when it began. */
const mostMemory = 64 * 1024;
const settled = 20_000;

let runs = 0;
let memoryAtStart = 0;

/**
 * The function with bounds: it throws where an input takes too long, three times in a row so that nobody else's work
 * counts, and where the process ever grew by more than 64 MiB.
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
  const { maxRSS } = process.resourceUsage();
  if (runs <= settled) memoryAtStart = maxRSS;
  else if (maxRSS - memoryAtStart > mostMemory)
    throw new Error(`the process grew from ${memoryAtStart} to ${maxRSS} KiB`);
}
