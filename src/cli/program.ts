import { Command as Commander, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { Command, Input } from './command.ts';
import { commands, groups } from './commands/commands.ts';
import { openInstallation, settingsPath } from './installation.ts';
import { printAnswer, printError } from './output.ts';

type Status = 0 | 1 | 2;

/** Runs one command line (without node and script); the exit status: 0 done, 1 refused or failed, 2 wrong usage. */
export async function run(args: readonly string[]): Promise<Status> {
  // a reader that leaves early (`| head`) is no error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  let status: Status = 0;
  const program = programOf(commands, async (command, input) => {
    const answer = await command.run(input);
    if (answer === undefined) return;
    printAnswer(answer, input.json);
    if (answer.refused === true) status = 1;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return printError(error);
  }
}

type Action = (command: Command, input: Input) => Promise<void>;

/** Commander's view of the table. */
function programOf(table: readonly Command[], action: Action): Commander {
  const program = new Commander('ngx-fido2')
    .description(packageJson.description)
    .version(packageJson.version)
    .addHelpText('after', '\nExit status: 0 done, 1 refused or failed, 2 wrong usage.');
  prepare(program);
  for (const command of table) {
    const words = command.name.split(' ');
    const last = words.pop() ?? '';
    const parent = words.reduce((above, word) => groupOf(above, word), program);
    const row = parent.command(last, { hidden: command.hidden === true }).summary(command.summary);
    row.description(capital(command.summary));
    for (const parameter of command.parameters ?? []) row.argument(parameter);
    for (const option of command.options ?? []) row.option(option.flags, option.summary, option.default);
    row.option('--data <dir>', 'the installation whose fido2.json stands in this folder');
    row.option('--config <file>', 'the installation of this fido2.json');
    row.option('--json', 'print one JSON document');
    row.addHelpText('after', `\nExample: ngx-fido2 ${command.example}`);
    prepare(row);
    row.action(async () => action(command, inputOf(row)));
  }
  return program;
}

function groupOf(above: Commander, name: string): Commander {
  const known = above.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const summary = groups[name] ?? '';
  return prepare(above.command(name).summary(summary).description(capital(summary)));
}

/** Errors in our form, and as exceptions. */
function prepare(command: Commander): Commander {
  return command.exitOverride().configureOutput({
    outputError: (text, write) => {
      const [first = '', ...rest] = text.trim().split('\n');
      const meant = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(rest.join(' '))?.[1];
      const help = [fullName(command), '--help'].join(' ');
      write(`${first}\nhint: ${meant === undefined ? `${help} shows what can be said` : `did you mean ${meant}?`}\n`);
    },
  });
}

function fullName(command: Commander): string {
  const above = command.parent;
  return above === null ? command.name() : `${fullName(above)} ${command.name()}`;
}

function inputOf(row: Commander): Input {
  const options: Record<string, unknown> = row.opts();
  const text = (option: string): string | undefined => {
    const value = options[camelCase(option)];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    parameter: (name) => {
      const value: unknown = row.processedArgs[row.registeredArguments.findIndex((each) => each.name() === name)];
      return typeof value === 'string' ? value : '';
    },
    text,
    flag: (option) => options[camelCase(option)] === true,
    list: (option) => {
      const value = options[camelCase(option)];
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    },
    json: options.json === true,
    open: () => openInstallation({ data: text('data'), config: text('config') }),
    settingsPath: () => settingsPath({ data: text('data'), config: text('config') }),
  };
}

function camelCase(option: string): string {
  return option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
