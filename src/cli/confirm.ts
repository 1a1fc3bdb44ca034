import { createInterface } from 'node:readline/promises';
import { CommandError } from './command-error.ts';

/** Goes on after --yes or a typed yes; without a terminal nothing is asked and nothing is done. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (process.stdin.isTTY !== true) throw new CommandError('this cannot be undone', 'confirm it with --yes', 2);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('nothing was changed', 'answer yes to go on');
  } finally {
    terminal.close();
  }
}
