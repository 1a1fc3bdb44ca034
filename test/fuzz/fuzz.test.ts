import { describe, expect, test } from 'vitest';
import { jazzerCommand } from '../helpers/jazzer.ts';
import { needs } from '../helpers/needs.ts';
import { fuzz, prepareFuzzing } from './fuzzer.ts';
import { bounded } from './work.ts';

const minute = 60;

describe.runIf(await needs('jazzer'))('a minute with libFuzzer', () => {
  test('finds a defect that was planted', async () => {
    await prepareFuzzing();
    const { finding } = await fuzz(await jazzerCommand(), 'planted', { runs: 2_000_000 });
    expect(finding).toContain('TypeError: found');
  });

  test('finds a process that grows by more than 64 MiB', async () => {
    const { finding } = await fuzz(await jazzerCommand(), 'hoarding', { runs: 200_000 });
    expect(finding).toMatch(/Error: the process grew from \d+ to \d+ KiB/);
  });

  test('finds no input that is answered with anything but a coded refusal', { timeout: 900_000 }, async () => {
    const command = await jazzerCommand();
    const targets = await prepareFuzzing();
    for (const target of targets) {
      const { executions, edges, finding } = await fuzz(command, target, {
        seconds: Math.floor(minute / targets.length),
      });
      expect(finding).toBeNull();
      // the seeds alone reach more
      expect([target, executions > 0, edges > 30]).toEqual([target, true, true]);
    }
  });
});

describe('the bound on time', () => {
  const spin = (milliseconds: number): void => {
    const end = process.hrtime.bigint() + BigInt(milliseconds) * 1_000_000n;
    while (process.hrtime.bigint() < end);
  };

  test('holds for an input that always takes too long', () => {
    expect(() => bounded(() => spin(60))(Buffer.alloc(10))).toThrow('10 bytes took');
  });

  test('forgives a machine that was busy once', () => {
    let calls = 0;
    bounded(() => spin(calls++ === 0 ? 60 : 0))(Buffer.alloc(10));
    expect(calls).toBe(2);
  });
});
