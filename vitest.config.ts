import { defineConfig } from 'vitest/config';
import { viteAssetPlugin } from './src/cli/build/plugins.mjs';

export default defineConfig({
  plugins: [viteAssetPlugin],
  test: {
    include: ['test/**/*.test.ts'],
    // a file starts servers, browsers and processes of its own: nothing may leak into the next one
    pool: 'forks',
    isolate: true,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
