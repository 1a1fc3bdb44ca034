import { connect } from 'node:net';
import { runProcess } from '../src/cli/run-process.ts';

export interface Load {
  readonly port: number;
  readonly path: string;
  readonly cookie: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface Loaded {
  /** Requests a second. */
  readonly rate: number;
  readonly requests: number;
}

/** Keeps so many connections of 127.0.0.1 busy for so long. Throws on any answer but 200. */
export type LoadGenerator = (load: Load) => Promise<Loaded>;

/** wrk where there is one or root can have it; else a loop in this process, which is slower and says so. */
export async function chooseLoadGenerator(
  onProgress: (line: string) => void,
): Promise<{ name: string; run: LoadGenerator }> {
  if (await hasWrk()) return { name: 'wrk', run: wrk };
  if (process.geteuid?.() === 0) {
    onProgress('installing wrk');
    await runProcess(['apt-get', 'install', '-y', 'wrk'], { timeout: 120_000 });
    if (await hasWrk()) return { name: 'wrk', run: wrk };
  }
  onProgress('wrk is not installed: a keep-alive loop in Node makes the load');
  return { name: 'keep-alive loop in Node', run: nodeLoop };
}

async function hasWrk(): Promise<boolean> {
  return (await runProcess(['wrk', '--version'])).stdout.startsWith('wrk ');
}

const wrk: LoadGenerator = async ({ port, path, cookie, connections, seconds }) => {
  const result = await runProcess([
    ...['wrk', '--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
    ...['--header', `Cookie: ${cookie}`, `http://127.0.0.1:${port}${path}`],
  ]);
  const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(result.stdout)?.[1]);
  const requests = Number(/^\s+(\d+) requests in/m.exec(result.stdout)?.[1]);
  if (result.status !== 0 || !(requests > 0) || /Non-2xx|Socket errors/.test(result.stdout)) {
    throw new Error(`wrk: ${result.stdout}${result.stderr}`);
  }
  return { rate, requests };
};

const nodeLoop: LoadGenerator = async ({ port, path, cookie, connections, seconds }) => {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`;
  const start = process.hrtime.bigint();
  const end = Date.now() + seconds * 1000;
  let requests = 0;
  const keepBusy = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      let answer = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        answer += part;
        const head = answer.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1]);
        if (!answer.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) reject(new Error(answer.slice(0, head)));
        if (answer.length < head + 4 + length) return;
        answer = '';
        requests += 1;
        if (Date.now() < end) socket.write(request);
        else socket.end();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.write(request);
    });
  await Promise.all(Array.from({ length: connections }, keepBusy));
  return { rate: requests / (Number(process.hrtime.bigint() - start) / 1e9), requests };
};
