import { beforeAll, expect, test } from 'vitest';
import { buildCommand, ngxFido2 } from '../../helpers/command.ts';

beforeAll(buildCommand);

test('every one of many documents is answered, in their order and whole, through a pipe too', async () => {
  const documents = Array.from({ length: 4000 }, (_, i) =>
    JSON.stringify({ kind: i % 2 === 0 ? 'registration' : 'authentication', expected: { challenge: '' } }),
  );
  const { status, stdout } = await ngxFido2(['inspect', '-', '--lines'], { input: documents.join('\n') });
  const answers = stdout.trimEnd().split('\n');
  expect(stdout.length).toBeGreaterThan(200_000);
  expect(answers).toHaveLength(documents.length);
  expect(answers.filter((answer) => JSON.parse(answer).code !== 'malformed')).toEqual([]);
  expect(status).toBe(1);
});
