import type { Installation } from './installation.ts';
import type { Answer } from './output.ts';

/** What was given on the command line, by its name there. */
export interface Input {
  /** A parameter `<name>`; the empty string if an optional one was left out. */
  parameter(name: string): string;
  /** The value of `--option VALUE`, its default included. */
  text(option: string): string | undefined;
  flag(option: string): boolean;
  /** The values of an option that may be repeated. */
  list(option: string): readonly string[];
  readonly json: boolean;
  /** The installation of --data or --config, opened as its owner. */
  open(): Installation;
  /** Absolute path of its fido2.json, which need not exist. */
  settingsPath(): string;
}

export interface CommandOption {
  /** As commander reads it: `--ttl <duration>`, `--now`, `--group <name...>`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string;
}

/** One row of the table of commands: help, argument handling and completion come from it. */
export interface Command {
  /** `users disable`: a group and a command in it, or one word. */
  readonly name: string;
  /** `<name>` or `[name]`, in order. */
  readonly parameters?: readonly string[];
  readonly summary: string;
  /** One real example, without the program's name. */
  readonly example: string;
  readonly options?: readonly CommandOption[];
  readonly hidden?: boolean;
  /** An answer is printed; a command that runs until it is stopped returns none. */
  run(input: Input): Promise<Answer | undefined>;
}
