import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type NginxOptions, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream } from '../helpers/upstream.ts';
import { documentAt } from './markdown.ts';

// docs/troubleshooting.md leads from what nginx says to what helps: these are the words that it says.

const { text } = documentAt('docs/troubleshooting.md');

/** What is logged as an error when a site is started so, or why it does not start. */
async function complaint(options: NginxOptions, path?: string): Promise<string> {
  try {
    const nginx = await startNginx({ fit: false, ...options });
    if (path !== undefined) await get(nginx, path);
    const log = nginx.errorLog();
    await nginx.stop();
    return log;
  } catch (error) {
    return String((error as Error).message);
  }
}

function without(line: string): NginxOptions {
  return { conf: (conf) => conf.replace(line, '') };
}

describe.runIf(await needs('nginx'))('docs/troubleshooting.md knows', () => {
  it.each<[what: string, words: string, options: NginxOptions]>([
    ['a missing module', 'unknown directive "js_shared_dict_zone"', { conf: (c) => c.replace(/^load_module.*/, '') }],
    ['a missing http.conf', 'unknown "fido2_vary" variable', without('include fido2/http.conf;')],
    ['a missing run folder', 'fido2.sock failed', { prepare: (f) => rmSync(join(f, 'run'), { recursive: true }) }],
    [
      'a store that others may enter',
      'has mode 0755, others may enter',
      { prepare: (f) => chmodSync(join(f, 'data'), 0o755) },
    ],
    [
      'settings that are missing',
      'ENOENT No such file or directory',
      { prepare: (f) => rmSync(join(f, 'fido2.json')) },
    ],
    ['a mistake in the settings', ': policies.admin.maxAge: ', { settings: { policies: { admin: { maxAge: 5 } } } }],
  ])('%s', async (_, words, options) => {
    expect(await complaint(options, '/fido2/healthz')).toContain(words);
    expect(text).toContain(words);
  });

  it('a missing server.conf', async () => {
    const upstream = await startUpstream();
    const words = 'unknown "fido2_before" variable';
    expect(await complaint({ upstream, ...without('include fido2/server.conf;') })).toContain(words);
    expect(text).toContain(words);
  });

  it.each([
    ['http://app$fido2_deny', 'no resolver defined to resolve app.denied', 502],
    ['http://127.0.0.1:3000$fido2_deny', 'invalid port in upstream "127.0.0.1:3000.denied"', 503],
  ])('a gate that was not asked, before %s', async (pass, words, status) => {
    const upstream = await startUpstream();
    const locations = gatedLocation('/skipped/', 'user', 'satisfy any; allow all;').replace(
      'http://app$fido2_deny',
      pass,
    );
    const nginx = await startNginx({ upstream, locations });
    expect((await get(nginx, '/skipped/x')).status).toBe(status);
    expect(nginx.errorLog()).toContain(words);
    expect(text).toContain(words);
    expect(upstream.arrived).toEqual([]);
  });
});
