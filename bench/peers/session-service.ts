/**
 * A small session service for auth_request, as people write it: verifies the cookie's HMAC, looks up the identity
 * of the session and returns it as a header. Arguments: port, HMAC key in hex, session, identity token.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const [port = '', key = '', account = '', token = ''] = process.argv.slice(2);
const secret = Buffer.from(key, 'hex');
const identities = new Map<string, string>();

function sessionOf(header: string): string | null {
  const found = header.split(/;\s*/).filter((pair) => pair.startsWith('__Host-fido2='));
  const [value, mac] = (found.length === 1 ? (found[0] ?? '').slice('__Host-fido2='.length) : '').split('.');
  if (value === undefined || mac === undefined) return null;
  const expected = createHmac('sha256', secret).update(value).digest();
  const given = Buffer.from(mac, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected) ? value : null;
}

identities.set(account, token);
createServer((request, response) => {
  const session = sessionOf(request.headers.cookie ?? '');
  const identity = session === null ? undefined : identities.get(session);
  if (identity === undefined) response.writeHead(401);
  else response.writeHead(200, { 'Fido2-Identity': identity });
  response.end();
}).listen(Number(port), '127.0.0.1');
