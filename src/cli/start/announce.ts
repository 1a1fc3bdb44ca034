import { spawn } from 'node:child_process';
import { paint, printProgress } from '../output.ts';

/** The two lines that scripts read, on standard output, and what a person needs besides, on standard error. */
export function announce(origin: string, code: string | null, browser: boolean): void {
  process.stdout.write(`ready ${origin}\n`);
  const link = code === null ? null : `${origin}/fido2/enrol#${code}`;
  if (link !== null) {
    process.stdout.write(`enrol ${link}\n`);
    printProgress('\n  Open this once, within 15 minutes, to create your passkey:');
    printProgress(`  ${paint('bold', link, process.stderr)}\n`);
    printProgress('  no fingerprint reader? Chrome: DevTools > WebAuthn > Enable virtual authenticator environment');
  }
  const { port } = new URL(origin);
  if ((process.env.SSH_CONNECTION ?? '') !== '') {
    printProgress(`  on your own machine: ssh -L ${port || '80'}:localhost:${port || '80'} THIS-HOST`);
  }
  printProgress('  stop with Ctrl-C; state is kept');
  if (browser && isDesktop()) openBrowser(link ?? origin);
}

function isDesktop(): boolean {
  const remote = (process.env.SSH_CONNECTION ?? '') !== '' || process.env.CI === 'true' || process.geteuid?.() === 0;
  const display = (process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY ?? '') !== '';
  return process.stdout.isTTY === true && !remote && (process.platform === 'darwin' || display);
}

function openBrowser(url: string): void {
  const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true });
  child.on('error', () => printProgress('  no browser could be opened: open the link yourself'));
  child.unref();
}
