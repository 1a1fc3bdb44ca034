import { documentAt, fenceWith } from './markdown.ts';

const change = fenceWith(documentAt('README.md'), 'diff', 'load_module');

/** The lines that ngx-fido2 adds to a site, as README.md shows them. */
export const addedLines: readonly string[] = change
  .split('\n')
  .filter((line) => line.startsWith('+'))
  .map((line) => line.slice(1).trim());

/** nginx.conf of README.md before the change, or with it. */
export function readmeConf(which: 'before' | 'after'): string {
  const dropped = which === 'before' ? '+' : '-';
  const lines = change.split('\n').filter((line) => !line.startsWith(dropped));
  return lines.map((line) => line.slice(1)).join('\n');
}

/**
 * The same where a test can run it: on a port of its own without TLS, before the upstream of the test, with the paths
 * of the test's folder. `test` is the nginx.conf that the test would run otherwise.
 */
export function runnableConf(readme: string, test: string, upstreamPort: number): string {
  const [head = '', rest = ''] = test.split('http {');
  const own = head.split('\n').filter((line) => !/^(load_module|pcre_jit)/.test(line));
  const modules = /load_module (\S+)\/ngx_http/.exec(head)?.[1];
  const listen = /listen (127\.0\.0\.1:\d+);/.exec(rest)?.[1];
  if (modules === undefined || listen === undefined) throw new Error('the nginx.conf of tests has changed its form');
  const temporary = rest.split('\n').filter((line) => /_temp_path|access_log off/.test(line));
  return replaced(readme, [
    ['events { }', own.join('\n')],
    ['http {', `http {\n${temporary.join('\n')}`],
    ['listen 443 ssl;', `listen ${listen};`],
    [/ +ssl_certificate.*\n/g, ''],
    [/127\.0\.0\.1:3000/g, `127.0.0.1:${upstreamPort}`],
  ]).replace('load_module modules/', `load_module ${modules}/`);
}

function replaced(text: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((result, [from, to]) => {
    const next = result.replaceAll(from, () => to);
    if (next === result) throw new Error(`README.md's nginx.conf has no ${from}`);
    return next;
  }, text);
}
