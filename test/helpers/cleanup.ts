import { afterAll } from 'vitest';

type Step = () => void | Promise<void>;

const steps: Step[] = [];

// One hook a file: what was started last is stopped first, whatever failed in between.
afterAll(async () => {
  const failures: unknown[] = [];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'clean-up failed');
});

/** Runs the step after the file's last test, the newest step first. The answer runs it now instead. */
export function cleanUp(step: Step): () => Promise<void> {
  steps.push(step);
  return async () => {
    const at = steps.indexOf(step);
    if (at < 0) return;
    steps.splice(at, 1);
    await step();
  };
}
