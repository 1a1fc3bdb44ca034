import { toBase64url, utf8 } from '../bytes.ts';
import type { Context } from './context.ts';
import { json } from './response.ts';
import type { Outgoing } from './runtime.ts';

/**
 * A public document: cacheable for a quarter of the time that a key is published ahead, five minutes at most, and 304
 * where If-None-Match holds its ETag (RFC 9110, section 13.1.2).
 */
export async function published(
  { service, request }: Context,
  document: object,
  more: Outgoing['headers'] = {},
): Promise<Outgoing> {
  const body = JSON.stringify(document);
  const etag = `"${toBase64url(await service.ports.sha256(utf8(body))).slice(0, 22)}"`;
  const seconds = Math.floor(Math.min(service.settings.keys.publish / 4, 300_000) / 1000);
  const answer = json(200, {}, { 'Cache-Control': `public, max-age=${seconds}`, ETag: etag, ...more });
  const known = request.header('if-none-match') ?? '';
  return known === '*' || known.includes(etag) ? { ...answer, status: 304, body: '' } : { ...answer, body };
}
