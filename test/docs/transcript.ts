/** One command of a `console` fence and the lines that it must print; `..` in a line stands for anything. */
export interface Exchange {
  readonly command: string;
  readonly expected: readonly string[];
}

export function exchangesOf(console: string): Exchange[] {
  return console
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...expected] = part.trimEnd().split('\n');
      return { command, expected };
    });
}

/** The lines that the output lacks, each looked for after the one before. */
export function missingLines(expected: readonly string[], output: string): string[] {
  const lines = output.split(/\r?\n/);
  let from = 0;
  return expected.filter((line) => {
    const form = new RegExp(`^${line.split('..').map(escaped).join('.*')}$`);
    const at = lines.findIndex((each, index) => index >= from && form.test(each));
    if (at < 0) return true;
    from = at + 1;
    return false;
  });
}

/** What curl sends for `curl -si [-H 'NAME: VALUE'].. ORIGIN/PATH`, to another host. Throws for any other command. */
export function curlRequest(command: string, origin: string, host: string): string {
  const [, options = '', url = ''] = /^curl -si((?: -H (?:'[^']+'|"[^"]+"))*) (\S+)$/.exec(command) ?? [];
  if (!url.startsWith(`${origin}/`)) throw new Error(`not understood: ${command}`);
  const headers = [...options.matchAll(/'([^']+)'|"([^"]+)"/g)].map(([, single, double]) => single ?? double);
  const lines = [`GET ${url.slice(origin.length)} HTTP/1.1`, `Host: ${host}`, 'Accept: */*', 'Connection: close'];
  return [...lines, ...headers, '', ''].join('\r\n');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
