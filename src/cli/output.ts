/**
 * The rules of output: a result goes to standard output, everything else to standard error; errors are one line
 * `error: ..` and one `hint: ..`, without capitals and full stops; colour only on a terminal and never with NO_COLOR.
 */
import { styleText } from 'node:util';
import { Fido2Error } from '../errors.ts';
import { CommandError } from './command-error.ts';

/** What a command found or did, for people and for programs. */
export interface Answer {
  readonly lines: readonly string[];
  /** The document that --json prints; its member names are stable. Absent where the lines are JSON already. */
  readonly json?: unknown;
  /** The question was answered with no: exit status 1 without an error line. */
  readonly refused?: boolean;
}

type Style = Parameters<typeof styleText>[0];

export function printAnswer(answer: Answer, json: boolean): void {
  const text = json && answer.json !== undefined ? JSON.stringify(answer.json, null, 2) : answer.lines.join('\n');
  if (text !== '') process.stdout.write(`${text}\n`);
}

export function printProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints the error and answers with the exit status. A hint stands on a line of its own. */
export function printError(error: unknown): 1 | 2 {
  const { message, hint, notes, status } = describe(error);
  process.stderr.write(`${paint('red', 'error:', process.stderr)} ${oneLine(message)}\n`);
  for (const note of notes) process.stderr.write(`  ${oneLine(note)}\n`);
  if (hint !== undefined) process.stderr.write(`${paint('cyan', 'hint:', process.stderr)} ${oneLine(hint)}\n`);
  return status;
}

/** Coloured where the stream is a terminal that wants colour. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = stream.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return wanted ? styleText(style, text) : text;
}

/** Rows under a head, in columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return [paint('bold', line(head).trimEnd()), ...rows.map((row) => line(row).trimEnd())];
}

/** What a person or a client chose, without the control characters that would steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** ISO 8601 in UTC, to the second. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

type Description = Pick<CommandError, 'message' | 'hint' | 'notes' | 'status'>;

function describe(error: unknown): Description {
  if (error instanceof CommandError) return error;
  if (error instanceof Fido2Error) {
    return { message: error.message, hint: hints[error.code], notes: [], status: 1 };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message, hint: 'this is not expected; please report it with the command line', notes: [], status: 1 };
}

const hints: Partial<Record<Fido2Error['code'], string>> = {
  store_unavailable: 'look at the owner and the free space of the data folder',
  name_taken: 'choose another name, or use the account that has it',
  recover_required: 'with --recover the link lets its holder sign in as this user; the keys it has stay',
  not_found: 'ngx-fido2 users list shows who there is',
};

function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, ' '));
}
