import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoKey, decodeJwt, importJWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSigningRing } from '../../src/identity/signing-keys.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { enrol, get } from '../helpers/client.ts';
import { projectFolder, runProgram } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { startNginx } from '../helpers/nginx.ts';
import { goModules, javaLibraries, pythonLibraries } from '../helpers/toolchains.ts';
import { startUpstream } from '../helpers/upstream.ts';
import { documentAt, fenceWith } from './markdown.ts';

const page = documentAt('docs/tokens.md');
const documented = 'https://app.example.com';

/** Programs of the page, each with a loop around it: a token a line in, its `sub` or `refused` a line out. */
type Verify = (issuer: string, folder: string, tokens: string) => Promise<string>;

const programs = {
  node: async (issuer, _, input) => {
    const loop = `import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin }))
  console.log(await identity({ headers: { 'fido2-identity': line } }).then((claims) => claims.sub, () => 'refused'));`;
    const text = fenceWith(page, 'js', 'jwtVerify').replaceAll(documented, issuer);
    return outputOf([process.execPath, '--input-type=module', '--eval', `${text}\n${loop}`], {
      cwd: projectFolder,
      input,
    });
  },
  python: async (issuer, folder, input) => {
    const loop = `
import sys
for line in sys.stdin:
    try:
        print(identity(line.strip())["sub"])
    except jwt.PyJWTError:
        print("refused")
`;
    const text = fenceWith(page, 'python', 'PyJWKClient').replaceAll(documented, issuer);
    writeFileSync(join(folder, 'verify.py'), `${text}${loop}`);
    const env = { PYTHONPATH: await pythonLibraries() };
    return outputOf(['python3', join(folder, 'verify.py')], { env, input });
  },
  go: async (issuer, folder, input) => {
    const loop = `package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		sub, claims, err := Of(context.Background(), lines.Text())
		if err != nil || claims.Username == "" {
			sub = "refused"
		}
		fmt.Println(sub)
	}
}
`;
    cpSync(await goModules(), folder, { recursive: true });
    const text = fenceWith(page, 'go', 'NewVerifier').replaceAll(documented, issuer);
    writeFileSync(join(folder, 'identity.go'), text.replace('package identity', 'package main'));
    writeFileSync(join(folder, 'main.go'), loop);
    await outputOf(['go', 'build', '-o', 'verify', '.'], { cwd: folder });
    return outputOf([join(folder, 'verify')], { input });
  },
  java: async (issuer, folder, input) => {
    const loop = `
import java.util.Scanner;

final class Verify {
    public static void main(String[] args) throws Exception {
        var identity = new Identity();
        var lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            String sub;
            try {
                sub = identity.of(lines.nextLine()).getSubject();
            } catch (Exception e) {
                sub = "refused";
            }
            System.out.println(sub);
        }
    }
}
`;
    const text = fenceWith(page, 'java', 'JWKSourceBuilder').replaceAll(documented, issuer);
    writeFileSync(join(folder, 'Identity.java'), text);
    writeFileSync(join(folder, 'Verify.java'), loop);
    const path = `${await javaLibraries()}/*:${folder}`;
    await outputOf(['javac', '-d', folder, '-cp', path, join(folder, 'Identity.java'), join(folder, 'Verify.java')]);
    return outputOf(['java', '-cp', path, 'Verify'], { input });
  },
} as const satisfies Readonly<Record<string, Verify>>;

const there = {
  node: true,
  python: await needs('python'),
  go: await needs('go'),
  java: await needs('java'),
};

describe.runIf(await needs('nginx'))('the programs of docs/tokens.md', () => {
  let issuer = '';
  let userId = '';
  /** What is wrong with each; the first is nginx's own. */
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ upstream });
    const ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
    expect((await get(nginx, '/app/', { cookie: ada.cookie })).status).toBe(200);
    issuer = nginx.origin;
    userId = ada.userId;
    const good = upstream.last().header('fido2-identity') ?? '';
    const record = (await readSigningRing(nginx.ports.store))?.value.keys[0];
    if (record === undefined) throw new Error('there is no signing key');
    const own = (await importJWK({ ...record.privateJwk }, 'ES256')) as CryptoKey;
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const claims = decodeJwt(good);
    const now = Math.floor(Date.now() / 1000);
    const sign = (changes: JWTPayload, key: CryptoKey | typeof other = own, kid = record.kid) =>
      new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid }).sign(key);
    const [head = '', payload = '', signature = ''] = good.split('.');
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    tokens.set('good', good);
    tokens.set('good once more', await sign({}));
    tokens.set('expired', await sign({ iat: now - 7200, nbf: now - 7200, exp: now - 3600 }));
    tokens.set('not yet valid', await sign({ nbf: now + 3600, exp: now + 3700 }));
    tokens.set('for another audience', await sign({ aud: 'https://other.example.com' }));
    tokens.set('of another issuer', await sign({ iss: 'https://evil.example.com' }));
    tokens.set('of another key', await sign({}, other));
    tokens.set('of an unknown key', await sign({}, other, 'unknown'));
    tokens.set('changed', `${head}.${encoded({ ...claims, sub: 'root' })}.${signature}`);
    tokens.set('unsigned', `${encoded({ alg: 'none', typ: 'JWT' })}.${payload}.`);
    const secret = Buffer.from(JSON.stringify(record.publicJwk));
    tokens.set(
      'signed with the public key as a secret',
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: record.kid }).sign(secret),
    );
    tokens.set('no token', 'forged');
    tokens.set('nothing', '');
  });

  it.each(Object.entries(programs).filter(([name]) => there[name as keyof typeof there]))(
    '%s: takes what nginx sends and nothing else',
    async (_, verify) => {
      const folder = mkdtempSync(join(tmpdir(), 'fido2-tokens-'));
      cleanUp(() => rmSync(folder, { recursive: true, force: true }));
      const names = [...tokens.keys()];
      const lines = (await verify(issuer, folder, `${[...tokens.values()].join('\n')}\n`)).trimEnd().split('\n');
      const expected = names.map((name) => [name, name.startsWith('good') ? userId : 'refused']);
      expect(names.map((name, index) => [name, lines[index]])).toEqual(expected);
    },
  );
});

/** Standard output; throws what it said where it failed. */
async function outputOf(...[command, options]: Parameters<typeof runProgram>): Promise<string> {
  const { status, stdout, stderr } = await runProgram(command, options);
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return stdout;
}
