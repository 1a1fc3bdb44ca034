import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logoProblem } from '../../src/policy/logo.ts';

const head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"';
const around = (inside: string): string => `${head}>${inside}</svg>`;

describe('a logo', () => {
  it.each([
    around('<path d="M3 3h18v18H3z" fill="#0b6b57"/>'),
    around('\n  <g transform="translate(1 2) rotate(45)"><circle cx="12" cy="12" r="9" stroke="red"/></g>\n'),
    around(
      '<defs><linearGradient id="a" gradientUnits="userSpaceOnUse"><stop offset="50%" stop-color="rgb(1, 2, 3)"/></linearGradient></defs><rect width="9" height="9" fill="url(#a)"/>',
    ),
    ` ${around('<path d="M0 0"></path>')} `,
  ])('of shapes is taken: %s', (text) => {
    expect(logoProblem(text)).toBeNull();
  });

  it.each([
    ['', 'plain elements'],
    ['<img src="x"/>', '<img>'],
    [around('<script>alert(1)</script>'), '<script>'],
    [around('<foreignObject></foreignObject>'), '<foreignObject>'],
    [around('<image href="https://evil.example/x.png"/>'), '<image>'],
    [around('<use href="#a"/>'), '<use>'],
    [around('<style>a{}</style>'), '<style>'],
    [around('<animate attributeName="d"/>'), '<animate>'],
    [around('<a href="javascript:alert(1)"/>'), '<a>'],
    [around('<path d="M0" onclick="alert(1)"/>'), 'onclick'],
    [around('<path d="M0" style="fill:url(https://evil.example)"/>'), 'style'],
    [around('<path d="M0" fill="url(https://evil.example/#a)"/>'), 'fill="url('],
    [around('<path d="M0" fill="url(data:x)"/>'), 'fill="url('],
    [around('<path d="M0" xlink:href="#a"/>'), 'xlink:href'],
    [around('<path d="M0" d="M1"/>'), 'twice'],
    [around('<path d=M0 />'), 'plain elements'],
    [around("<path d='M0'/>"), 'plain elements'],
    [around('<path d="&#x6a;"/>'), 'plain elements'],
    [around('text'), 'plain elements'],
    [around('<!-- x -->'), 'plain elements'],
    [around('<![CDATA[x]]>'), 'plain elements'],
    [`<?xml version="1.0"?>${around('<path d="M0"/>')}`, 'plain elements'],
    [`<!DOCTYPE svg [<!ENTITY a "b">]>${around('<path d="M0"/>')}`, 'plain elements'],
    [around(`${head}></svg>`), 'within'],
    ['</g>', 'closes nothing'],
    [`${head}><g></svg></g>`, 'closes nothing'],
    [`${head}><g/>`, 'plain elements'],
    [`${around('<g/>')}<script></script>`, 'after'],
    ['<svg viewBox="0 0 1 1"></svg>', 'xmlns'],
    ['<svg xmlns="http://evil.example" viewBox="0 0 1 1"></svg>', 'xmlns'],
    ['<SVG></SVG>', '<SVG>'],
  ])('that is more is refused: %j', (text, words) => {
    expect(logoProblem(text)).toContain(words);
  });

  it('is told of in words whatever it is', () => {
    const part = fc.constantFrom('<svg', '<g', '<path', '>', '/>', '</g>', '</svg>', ' d="M0"', ' x', '"', head, '\n');
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        const problem = logoProblem(text);
        if (problem === null) expect(text).not.toMatch(/script|style|href|on\w+=|javascript:|<!|&/i);
      }),
    );
  });
});
