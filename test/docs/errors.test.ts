import { expect, test } from 'vitest';
import { errorReference } from './error-reference.ts';

// `npx vitest run test/docs/errors.test.ts -u` writes the file anew.

test('docs/errors.md is what the table of codes says', async () => {
  await expect(errorReference()).toMatchFileSnapshot('../../docs/errors.md');
});
