import { expect, it } from 'vitest';
import { queryOf } from '../../src/nginx/query.ts';

it.each([
  ['/fido2/login', {}],
  ['/fido2/login?', { '': '' }],
  ['/fido2/login?return_to=%2Fapp%3Fa%3D1%26b%3D%252F&step_up=1', { return_to: '/app?a=1&b=%2F', step_up: '1' }],
  ['/x?a=b=c?d', { a: 'b=c?d' }],
  ['/x?a=1&a=1', {}],
  ['/x?a=%ff&b=%zz&c=%C3%A9', { c: 'é' }],
  ['/x?a=+&__proto__=y', { a: '+', ['__proto__']: 'y' }],
])('the query of %j', (target, query) => {
  expect(queryOf(target)).toEqual(query);
});
