import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { start } from '../start/start.ts';

export const startCommand: Command = {
  name: 'start',
  summary: 'run a trial site on localhost, with nginx and a demo upstream, until Ctrl-C',
  example: 'start --port 0 --no-browser',
  options: [
    { flags: '--port <n>', summary: 'the port; 0 takes a free one', default: '8080' },
    { flags: '--listen <address>', summary: 'where to listen; default: 127.0.0.1 and ::1' },
    { flags: '--nginx <path>', summary: 'the nginx to run; default: the first that fits' },
    { flags: '--workers <n>', summary: 'worker processes of nginx, or auto', default: 'auto' },
    { flags: '--crypto <mode>', summary: 'auto or portable (JavaScript alone); kept in fido2.json' },
    { flags: '--mesh', summary: 'put an Envoy with the rendered policy before the application' },
    { flags: '--no-browser', summary: 'open no browser' },
  ],
  run: async (input) => {
    const port = wholeNumber('--port', input.text('port') ?? '', 0, 65_535);
    const workers = input.text('workers') ?? 'auto';
    if (workers !== 'auto') wholeNumber('--workers', workers, 1, 1024);
    const crypto = input.text('crypto');
    if (crypto !== undefined && crypto !== 'auto' && crypto !== 'portable') {
      throw new CommandError(`--crypto ${crypto} is unknown`, 'say auto or portable', 2);
    }
    if (input.text('config') !== undefined) {
      throw new CommandError('start has a data folder, not a --config', 'name it with --data DIR', 2);
    }
    await start({
      ...{
        port,
        workers,
        crypto,
        data: input.text('data') ?? '.data',
        listen: input.text('listen'),
        nginx: input.text('nginx'),
      },
      browser: input.flag('browser'),
      mesh: input.flag('mesh'),
    });
    return undefined;
  },
};

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value >= least && value <= most) return value;
  throw new CommandError(
    `${option} ${text} is not a number from ${least} to ${most}`,
    `write for example ${option} ${least + 1}`,
    2,
  );
}
