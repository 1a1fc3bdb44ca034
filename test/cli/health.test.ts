import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { awaitListening } from '../../src/cli/start/health.ts';
import { startService } from '../../src/cli/start/service.ts';
import { cleanUp } from '../helpers/cleanup.ts';

const quiet = { log: () => undefined };

test('what is waited for may come late', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-health-'));
  const path = join(folder, 'late.sock');
  const server = createServer();
  cleanUp(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let isThere = false;
  const waited = awaitListening('it', path, []).then(() => isThere);
  await new Promise((resolve) => setTimeout(resolve, 120));
  await new Promise<void>((resolve) => {
    isThere = true;
    server.listen(path, resolve);
  });
  expect(await waited).toBe(true);
});

test('one that ends instead says why', async () => {
  const service = startService('the workload', ['sh', '-c', 'echo "error: the port is taken" >&2; exit 3'], quiet);
  await expect(awaitListening('the workload', '/nonexistent.sock', [service])).rejects.toThrow(
    'the workload ended (status 3): the port is taken',
  );
});
