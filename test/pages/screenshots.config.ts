import { defineConfig, mergeConfig } from 'vitest/config';
import tests from '../../vitest.config.ts';

/** `npm run screenshots`: no tests, so that an ordinary run leaves the pictures alone. */
export default mergeConfig(
  { ...tests, test: { ...tests.test, include: [] } },
  defineConfig({ test: { include: ['test/pages/screenshots.ts'] } }),
);
