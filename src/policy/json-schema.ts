import { toJsonSchema } from '@valibot/to-json-schema';
import { settingsSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of fido2.json as it is written. Only the build and the command import this. */
export function jsonSchema(): object {
  const schema = toJsonSchema(settingsSchema, { typeMode: 'input', target: 'draft-2020-12', errorMode: 'throw' });
  return { ...schema, title: 'fido2.json: the settings of ngx-fido2' };
}

const lineWidth = 120;

/** The text of nginx-conf/fido2.schema.json: a list of words or numbers stands on one line where it fits. */
export function jsonSchemaText(): string {
  const text = JSON.stringify(jsonSchema(), null, 2);
  const fitted = text.replace(/\[\s+["\d-][^\][{}]*\],?/g, (list, offset: number) => {
    const short = list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']');
    const column = offset - (text.lastIndexOf('\n', offset) + 1);
    return column + short.length <= lineWidth ? short : list;
  });
  return `${fitted}\n`;
}
