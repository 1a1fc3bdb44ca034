import { connect, createServer } from 'node:net';
import { CommandError } from '../command-error.ts';
import { holderOfPort } from './holder.ts';

/** `address:port` for nginx's listen. */
export interface Listening {
  readonly port: number;
  readonly addresses: readonly string[];
}

/**
 * The port to use on each of the addresses (default: both loopback ones, as far as this machine has them). 0 means
 * a free one. Throws CommandError where it is taken, so that nginx need not be started to find out.
 */
export async function chooseListening(port: number, address: string | undefined): Promise<Listening> {
  const wanted = address === undefined ? ['127.0.0.1', '::1'] : [address.replace(/^\[(.*)\]$/, '$1')];
  for (let attempt = 0; attempt < 20; attempt++) {
    let chosen = port;
    const found: string[] = [];
    let taken = false;
    for (const host of wanted) {
      const result = await tryToBind(host, chosen);
      if (typeof result === 'number') {
        chosen = result;
        found.push(host);
      } else if (result === 'EADDRINUSE' && port === 0) taken = true;
      else if (result !== 'EADDRNOTAVAIL' && result !== 'EAFNOSUPPORT') throw refusal(result, chosen, host);
    }
    if (taken) continue;
    if (found.length === 0) {
      throw new CommandError(`this machine has no address ${wanted.join(' or ')}`, 'give one of its own with --listen');
    }
    return { port: chosen, addresses: found.map((host) => `${bracketed(host)}:${chosen}`) };
  }
  throw new CommandError('no free port was found', 'give one with --port N');
}

/** The URL without path under which this machine itself reaches the site. */
export function reachable({ addresses, port }: Listening): string {
  const [first = ''] = addresses;
  if (first.startsWith('0.0.0.0:')) return `http://127.0.0.1:${port}`;
  return first.startsWith('[::]:') ? `http://[::1]:${port}` : `http://${first}`;
}

/** Whether somebody listens on the unix socket, or on the port of 127.0.0.1. */
export function isAnswered(where: string | number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The port that could be bound, or the error's code. */
function tryToBind(host: string, port: number): Promise<number | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : port));
    });
  });
}

function refusal(code: string, port: number, host: string): CommandError {
  if (code === 'EADDRINUSE') {
    const holder = holderOfPort(port);
    const by = holder === null ? '' : ` (${holder})`;
    return new CommandError(
      `port ${port} is in use on ${host}${by}`,
      'stop what uses it, or take another with --port N',
    );
  }
  if (code === 'EACCES') {
    return new CommandError(`port ${port} needs rights that you do not have`, 'take one from 1024 on with --port N');
  }
  return new CommandError(`${host} cannot be listened on (${code})`, 'give an address of this machine with --listen');
}
