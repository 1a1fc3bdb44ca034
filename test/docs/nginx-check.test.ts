import { expect, test } from 'vitest';
import { lintReference } from '../../src/cli/nginx-lint/reference.ts';

test('docs/nginx-check.md is what the table of rules prints', async () => {
  await expect(lintReference()).toMatchFileSnapshot('../../docs/nginx-check.md');
});
