import { readFileSync } from 'node:fs';
import { text as readStream } from 'node:stream/consumers';
import { verifyMlDsa } from '../../crypto/ml-dsa.ts';
import { createVerifier } from '../../crypto/verify.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { explainInspection } from '../inspect/explain-inspection.ts';
import { inspectText, type TextInspection, type Verdict } from '../inspect/inspect-text.ts';
import type { Given } from '../inspect/pasted-ceremony.ts';
import { parsePastedText } from '../inspect/pasted-text.ts';
import type { Answer } from '../output.ts';
import { nodeClock, nodeSubtle } from '../runtime.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  parameters: ['<file>'],
  summary: 'check a recorded ceremony and tell guard by guard what held; - reads it from standard input',
  example: 'inspect ceremony.json',
  options: [
    { flags: '--lines', summary: 'one document a line, each answered by one line of JSON' },
    { flags: '--challenge <base64url>', summary: 'the challenge that is expected' },
    { flags: '--origin <origin...>', summary: 'an origin that is expected' },
    { flags: '--rp-id <domain>', summary: 'the relying party that is expected' },
    { flags: '--options <file>', summary: 'the options that the page handed to the browser' },
    { flags: '--registration <file>', summary: 'the registration of the key that signs in' },
  ],
  run: async (input) => (input.flag('lines') ? inspectLines(input) : inspectOne(input)),
};

const verifier = createVerifier({ subtle: nodeSubtle, mode: 'auto', mlDsa: verifyMlDsa });

async function inspectOne(input: Input): Promise<Answer> {
  const inspection = await inspect(await readText(input.parameter('file')), givenBy(input));
  const { verdict } = inspection;
  return { json: verdict, lines: explainInspection(inspection), refused: !verdict.verified };
}

async function inspectLines(input: Input): Promise<Answer> {
  const given = givenBy(input);
  const verdicts: Verdict[] = [];
  for (const line of (await readText(input.parameter('file'))).split('\n'))
    if (line.trim() !== '') verdicts.push((await inspect(line, given)).verdict);
  const lines = verdicts.map((verdict) => JSON.stringify(verdict));
  return { lines, refused: verdicts.some(({ verified }) => !verified) };
}

function inspect(text: string, given: Given): Promise<TextInspection> {
  return inspectText(text, given, verifier, nodeClock.now());
}

function givenBy(input: Input): Given {
  const [challenge, rpId, origins] = [input.text('challenge'), input.text('rp-id'), input.list('origin')];
  const [options, registration] = [input.text('options'), input.text('registration')];
  return {
    ...(challenge !== undefined && { challenge }),
    ...(rpId !== undefined && { rpId }),
    ...(origins.length > 0 && { origins }),
    ...(options !== undefined && { options: parsePastedText(readFile(options)) }),
    ...(registration !== undefined && { registration: parsePastedText(readFile(registration)) }),
  };
}

async function readText(file: string): Promise<string> {
  return file === '-' ? readStream(process.stdin) : readFile(file);
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}`, 'name the file of a ceremony, or -', 1, { cause: error });
  }
}
