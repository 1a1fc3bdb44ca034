import { toJsonSchema } from '@valibot/to-json-schema';
import { settingsSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of fido2.json as it is written. Only the build and the command import this. */
export function jsonSchema(): object {
  const schema = toJsonSchema(settingsSchema, { typeMode: 'input', target: 'draft-2020-12', errorMode: 'throw' });
  return { ...schema, title: 'fido2.json: the settings of ngx-fido2' };
}

/** The text of nginx-conf/fido2.schema.json: lists of words stand on one line. */
export function jsonSchemaText(): string {
  const text = JSON.stringify(jsonSchema(), null, 2);
  const oneLine = (list: string): string => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']');
  return `${text.replace(/\[\s+"[^\][{}]*\]/g, oneLine)}\n`;
}
