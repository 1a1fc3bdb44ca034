import { afterEach, describe, expect, test, vi } from 'vitest';
import { CommandError } from '../../src/cli/command-error.ts';
import { isoTime, paint, printAnswer, printable, printError, table } from '../../src/cli/output.ts';
import { Fido2Error } from '../../src/errors.ts';

function written(stream: 'stdout' | 'stderr', work: () => unknown): string {
  const lines: string[] = [];
  const spy = vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  work();
  spy.mockRestore();
  return lines.join('');
}

afterEach(() => vi.unstubAllEnvs());

describe('answers', () => {
  const answer = { lines: ['one', 'two'], json: { a: 1 } };

  test('are lines for people', () => {
    expect(written('stdout', () => printAnswer(answer, false))).toBe('one\ntwo\n');
  });

  test('are one JSON document for programs', () => {
    expect(JSON.parse(written('stdout', () => printAnswer(answer, true)))).toEqual({ a: 1 });
  });

  test('print nothing when there is nothing to say', () => {
    expect(written('stdout', () => printAnswer({ lines: [], json: {} }, false))).toBe('');
  });
});

describe('errors', () => {
  test('are one error line, notes and one hint line', () => {
    const error = new CommandError('port 80 is in use', 'take another', 1, { notes: ['and more'] });
    expect(written('stderr', () => printError(error))).toBe(
      'error: port 80 is in use\n  and more\nhint: take another\n',
    );
  });

  test('keep to one line whatever the message holds', () => {
    const text = written('stderr', () => printError(new CommandError('a\r\n\u001b[31mb\nc')));
    expect(text).toBe('error: a \uFFFD[31mb c\n');
  });

  test('carry their exit status', () => {
    expect(
      [new CommandError('x', 'y', 2), new Fido2Error('not_found', 'no'), new Error('boom'), 'text'].map((error) => {
        let status: number | undefined;
        written('stderr', () => {
          status = printError(error);
        });
        return status;
      }),
    ).toEqual([2, 1, 1, 1]);
  });

  test('of the core have a hint where one helps', () => {
    const text = written('stderr', () => printError(new Fido2Error('recover_required', 'ada has a passkey')));
    expect(text).toMatch(/^error: ada has a passkey\nhint: .*--recover/);
  });
});

describe('colour', () => {
  const terminal = Object.assign(Object.create(process.stdout), { isTTY: true });

  test('is for terminals alone', () => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    expect(paint('red', 'x', Object.assign(Object.create(process.stdout), { isTTY: false }))).toBe('x');
  });

  test.each([
    ['NO_COLOR', '1'],
    ['TERM', 'dumb'],
  ])('is off with %s=%s', (name, value) => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    vi.stubEnv(name, value);
    expect(paint('red', 'x', terminal)).toBe('x');
  });
});

test('a table is as wide as its cells and ends no line in blanks', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['abc', 'x'],
        ['d', ''],
      ],
    ),
  ).toEqual(['A    LONG', 'abc  x', 'd']);
});

test('what others chose cannot steer a terminal', () => {
  expect(printable('a\u001b[2J\u0007\u202eb\u2028')).toBe('a\uFFFD[2J\uFFFD\uFFFDb\uFFFD');
});

test('times are ISO 8601 in UTC, to the second', () => {
  expect(isoTime(1_700_000_000_123)).toBe('2023-11-14T22:13:20Z');
});
