import { Agent, createServer, type ServerResponse } from 'node:http';
import { get } from './ceremonies.ts';
import { type DesignName, startDesign } from './designs.ts';
import { freePort, privateDirty } from './processes.ts';
import { type Rig, requestPath } from './rig.ts';

/** Requests that wait already, so that what the start left free is used up before anything is counted. */
const ballast = 1500;

/** Kilobytes by which nginx's worker grows for each request that waits for a slow upstream. */
export async function measureMemory(design: DesignName, rig: Rig, requests: number): Promise<number> {
  const upstream = await startPatientUpstream();
  const nginx = await startDesign(design, { ...rig.setting, upstream: upstream.port });
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const ask = async (): Promise<void> => {
    const { status } = await get(agent, nginx.port, requestPath, rig.cookies[design]);
    if (status !== 200) throw new Error(`${design} answered ${status}`);
  };
  const askTogether = (count: number) => Promise.all(Array.from({ length: count }, ask));
  try {
    for (let i = 0; i < 50; i++) {
      const one = ask();
      await upstream.arrived(1, one);
      upstream.answer();
      await one;
    }
    const first = askTogether(ballast);
    await upstream.arrived(ballast, first);
    const before = privateDirty(nginx.worker);
    const second = askTogether(requests);
    await upstream.arrived(ballast + requests, second);
    const during = privateDirty(nginx.worker);
    upstream.answer();
    await Promise.all([first, second]);
    return (during - before) / requests;
  } finally {
    agent.destroy();
    await nginx.stop();
    await upstream.stop();
  }
}

/** An upstream that answers when it is told to. */
async function startPatientUpstream() {
  const waiting: ServerResponse[] = [];
  let notice = (): void => undefined;
  const server = createServer((_, response) => {
    waiting.push(response);
    notice();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen({ port, host: '127.0.0.1', backlog: 4096 }, resolve));
  return {
    port,
    /** So many wait; or `requests` have ended before, which only their failure does. */
    async arrived(count: number, requests: Promise<unknown>) {
      const all = new Promise<void>((resolve) => {
        notice = () => (waiting.length >= count ? resolve() : undefined);
        notice();
      });
      await Promise.race([all, requests]);
    },
    answer() {
      for (const response of waiting.splice(0)) response.end('a short answer of the upstream\n');
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
