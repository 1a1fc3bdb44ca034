import { expect, test } from 'vitest';
import { jsonSchemaText } from '../../src/policy/json-schema.ts';
import { configurationReference } from '../../src/policy/reference.ts';

// `npx vitest run test/policy/reference.test.ts -u` writes both files anew.

test('docs/configuration.md is what the schema says', async () => {
  await expect(configurationReference()).toMatchFileSnapshot('../../docs/configuration.md');
});

test('nginx-conf/fido2.schema.json is the schema', async () => {
  await expect(jsonSchemaText()).toMatchFileSnapshot('../../nginx-conf/fido2.schema.json');
});
