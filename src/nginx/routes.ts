import { type ErrorCode, errorCodes, Fido2Error } from '../errors.ts';
import type { Context } from './context.ts';
import { Request, refuseCrossOrigin } from './request.ts';
import { headersOf, json, problem } from './response.ts';
import { type Incoming, log, type Outgoing, type Variables } from './runtime.ts';
import { loadService } from './service.ts';

export type Handler = (context: Context) => Promise<Outgoing>;
/** HEAD is answered as GET. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<'GET' | 'POST', Handler>>>>>;
/** How a refusal is worded. */
export type Wording = (request: Request, code: ErrorCode, headers: Outgoing['headers']) => Outgoing;

export const asProblem: Wording = ({ ref }, code, headers) =>
  json(errorCodes[code][0], problem(code, ref), { 'Content-Type': 'application/problem+json', ...headers });

/** The one catch and the one default, which is to refuse. */
export async function answer(
  handle: (context: Context) => Promise<Outgoing>,
  incoming: Incoming,
  variables: Variables,
  wording: Wording,
): Promise<Outgoing> {
  const request = new Request(incoming);
  try {
    return await handle({ service: await loadService(variables), request });
  } catch (error) {
    return refuse(request, error, wording);
  }
}

export function route(routes: Routes, context: Context): Promise<Outgoing> {
  const { request, service } = context;
  const methods = Object.hasOwn(routes, request.path) ? routes[request.path] : undefined;
  if (methods === undefined) throw new Fido2Error('not_found', `no route for ${JSON.stringify(request.path)}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = method === 'GET' || method === 'POST' ? methods[method] : undefined;
  if (handler === undefined) throw new MethodNotAllowed(methods.GET === undefined ? 'POST' : 'GET, HEAD');
  if (method === 'POST') refuseCrossOrigin(request, service.settings);
  return handler(context);
}

class MethodNotAllowed extends Fido2Error {
  readonly allow: string;
  constructor(allow: string) {
    super('method_not_allowed', `allowed is ${allow}`);
    this.allow = allow;
  }
}

/** The detail goes to the log under the reference that the client is shown. */
function refuse(request: Request, error: unknown, wording: Wording): Outgoing {
  const code = error instanceof Fido2Error ? error.code : 'error';
  const [status] = errorCodes[code];
  const detail = error instanceof Error ? `${error.message}${code === 'error' ? ` ${error.stack ?? ''}` : ''}` : '';
  const line = `${request.ref} ${code}: ${JSON.stringify(detail.slice(0, 500))}`;
  if (status >= 500) log.error(line);
  else log.info(line);
  const allow: Record<string, string> = error instanceof MethodNotAllowed ? { Allow: error.allow } : {};
  return wording(request, code, { ...headersOf(status), ...allow });
}
