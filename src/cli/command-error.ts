export interface CommandErrorOptions extends ErrorOptions {
  /** Further findings, a line each. */
  readonly notes?: readonly string[];
}

/** What the command tells a person: one line that says what is wrong, one that says what to do. */
export class CommandError extends Error {
  readonly hint: string | undefined;
  /** Exit status: 1 refused or failed, 2 wrong usage. */
  readonly status: 1 | 2;
  readonly notes: readonly string[];

  constructor(message: string, hint?: string, status: 1 | 2 = 1, options: CommandErrorOptions = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.hint = hint;
    this.status = status;
    this.notes = options.notes ?? [];
  }
}
