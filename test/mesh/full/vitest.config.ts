import { defineConfig } from 'vitest/config';
import { viteAssetPlugin } from '../../../src/cli/build/plugins.mjs';

// npm run test:mesh-full: meshes that take minutes to build, and that nothing but this needs
export default defineConfig({
  plugins: [viteAssetPlugin],
  test: {
    include: ['test/mesh/full/*.run.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
