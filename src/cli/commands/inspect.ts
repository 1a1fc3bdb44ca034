import { readFileSync } from 'node:fs';
import { text as readStream } from 'node:stream/consumers';
import { verifyMlDsa } from '../../crypto/ml-dsa.ts';
import { createVerifier } from '../../crypto/verify.ts';
import { type Inspection, inspectCeremony } from '../../protocol/inspect.ts';
import { isJsonObject } from '../../protocol/json.ts';
import { ceremonySteps } from '../../protocol/steps.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { type Answer, printable } from '../output.ts';
import { nodeClock, nodeSubtle } from '../runtime.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  parameters: ['<file>'],
  summary: 'check a recorded ceremony and tell guard by guard what held; - reads it from standard input',
  example: 'inspect ceremony.json',
  options: [{ flags: '--lines', summary: 'one document a line, each answered by one line of JSON' }],
  run: async (input) => (input.flag('lines') ? inspectLines(input) : inspectOne(input)),
};

const verifier = createVerifier({ subtle: nodeSubtle, mode: 'auto', mlDsa: verifyMlDsa });

async function inspectOne(input: Input): Promise<Answer> {
  const text = await readText(input);
  const document = parse(text);
  const json = await inspect(document);
  return { json, lines: explain(document, json), refused: !json.verified };
}

async function inspectLines(input: Input): Promise<Answer> {
  const answers: Inspection[] = [];
  for (const line of (await readText(input)).split('\n'))
    if (line.trim() !== '') answers.push(await inspect(parse(line)));
  const lines = answers.map((answer) => JSON.stringify(answer));
  return { lines, refused: answers.some((answer) => !answer.verified) };
}

function inspect(document: unknown): Promise<Inspection> {
  return inspectCeremony(document, verifier, nodeClock.now());
}

/** The document, or undefined for text that is no JSON: it is then answered as malformed. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (_) {
    return undefined;
  }
}

async function readText(input: Input): Promise<string> {
  const file = input.parameter('file');
  if (file === '-') return readStream(process.stdin);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read ${file}`, 'name the file of a ceremony, or -', 1, { cause: error });
  }
}

/** The guards in their order up to the one that refused. */
function explain(document: unknown, answer: Inspection): string[] {
  const kind = isJsonObject(document) && document.kind === 'authentication' ? 'authentication' : 'registration';
  if (answer.verified) {
    const found = Object.entries(answer).filter(([name]) => name !== 'verified');
    const facts = found.map(([name, value]) => `  ${name}: ${printable(JSON.stringify(value))}`);
    return [...ceremonySteps[kind].map(([step, title]) => `ok  ${step}  ${title}`), 'verified', ...facts];
  }
  const at = ceremonySteps[kind].findIndex(([step]) => step === answer.step);
  const held = ceremonySteps[kind].slice(0, Math.max(0, at)).map(([step, title]) => `ok  ${step}  ${title}`);
  const title = ceremonySteps[kind][at]?.[1] ?? 'the document is one that inspect reads';
  const refused = `no  ${answer.step ?? '-'}  ${title}`;
  return [...held, refused, `refused: ${answer.code}: ${printable(answer.detail)}`];
}
