/**
 * A login service on @simplewebauthn/server that does what ours does: challenges that carry their own MAC and are
 * good once, records in files that appear whole, a session record and an audit line for each login. The paths are
 * ours too. Arguments: port, origin, folder.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';

const [port = '', origin = '', folder = ''] = process.argv.slice(2);
const rpID = new URL(origin).hostname;
const secret = randomBytes(32);
const used = new Set();
for (const name of ['credentials', 'sessions']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });

const mac = (bytes) => createHmac('sha256', secret).update(bytes).digest();

function makeChallenge() {
  const body = Buffer.concat([randomBytes(16), Buffer.from(String(Date.now() + 120_000))]);
  return Buffer.concat([body, mac(body)]);
}

function claimChallenge(text) {
  const bytes = Buffer.from(text, 'base64url');
  const body = bytes.subarray(0, -32);
  if (!timingSafeEqual(bytes.subarray(-32), mac(body))) return false;
  if (Number(body.subarray(16)) < Date.now() || used.has(text)) return false;
  used.add(text);
  return true;
}

async function write(path, record) {
  const partial = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(partial, JSON.stringify(record), { mode: 0o600 });
  await rename(partial, path);
}

const credentialPath = (id) => join(folder, 'credentials', id);

async function startSession(user) {
  const id = randomBytes(16).toString('base64url');
  await write(join(folder, 'sessions', id), { id, user, created: Date.now() });
  await appendFile(join(folder, 'audit.log'), `${JSON.stringify({ event: 'login', user, session: id })}\n`);
  const cookie = `${user}.${id}`;
  const value = `${cookie}.${mac(cookie).toString('base64url')}`;
  return { 'Set-Cookie': `__Host-fido2=${value}; Path=/; HttpOnly; Secure; SameSite=Lax` };
}

const routes = {
  '/fido2/attestation/options': async () => [
    await generateRegistrationOptions({
      rpName: 'Benchmark',
      rpID,
      userName: 'somebody',
      challenge: makeChallenge(),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    }),
  ],
  '/fido2/attestation/result': async (response) => {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: claimChallenge,
      expectedOrigin: origin,
      expectedRPID: rpID,
    });
    if (!verified) throw new Error('refused');
    const { id, publicKey, counter } = registrationInfo.credential;
    const record = { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, user: 'somebody' };
    await write(credentialPath(id), record);
    return [{ credentialId: id }, await startSession(record.user)];
  },
  '/fido2/assertion/options': async () => [
    await generateAuthenticationOptions({
      rpID,
      challenge: makeChallenge(),
      allowCredentials: [],
      userVerification: 'required',
    }),
  ],
  '/fido2/assertion/result': async (response) => {
    const record = JSON.parse(await readFile(credentialPath(response.id), 'utf8'));
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: claimChallenge,
      expectedOrigin: origin,
      expectedRPID: rpID,
      credential: { ...record, publicKey: Buffer.from(record.publicKey, 'base64url') },
    });
    if (!verified) throw new Error('refused');
    await write(credentialPath(record.id), { ...record, counter: authenticationInfo.newCounter });
    return [{ user: record.user }, await startSession(record.user)];
  },
};

createServer(async (request, response) => {
  try {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const [answer, headers = {}] = await routes[request.url](JSON.parse(text));
    response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(401).end(String(error));
  }
}).listen(Number(port), '127.0.0.1');
