import { toJsonSchema } from '@valibot/to-json-schema';
import { settingsSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of fido2.json as it is written. Only the build and the command import this. */
export function jsonSchema(): object {
  const schema = toJsonSchema(settingsSchema, { typeMode: 'input', target: 'draft-2020-12', errorMode: 'throw' });
  return { ...schema, title: 'fido2.json: the settings of ngx-fido2' };
}

const lineWidth = 120;

/** The text of nginx-conf/fido2.schema.json as the formatter has it: a list stands on one line where it fits. */
export function jsonSchemaText(): string {
  const text = JSON.stringify(jsonSchema(), null, 2);
  const fitted = text.replace(/\[\s+["\d-][^\][{}]*\],?/g, (list, offset: number) => {
    const short = list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']');
    const column = offset - (text.lastIndexOf('\n', offset) + 1);
    if (column + short.length <= lineWidth) return short;
    return list.includes('"') ? list : filled(list);
  });
  return `${fitted}\n`;
}

/** Numbers, as many on a line as fit. */
function filled(list: string): string {
  const [open = '', ...lines] = list.split('\n');
  const close = lines.pop() ?? '';
  const indent = ' '.repeat(lines[0]?.search(/\S/) ?? 0);
  let row = indent;
  const rows: string[] = [];
  for (const item of lines.map((line) => line.trim())) {
    const longer = row === indent ? `${indent}${item}` : `${row} ${item}`;
    if (longer.length > lineWidth) rows.push(row);
    row = longer.length > lineWidth ? `${indent}${item}` : longer;
  }
  return [open, ...rows, row, close].join('\n');
}
