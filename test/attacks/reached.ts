import type { Arrived, Upstream } from '../helpers/upstream.ts';

/** The work's result and what arrived at the upstream while it went on. */
export async function reached<T>(
  { arrived }: Pick<Upstream, 'arrived'>,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly arrived: readonly Arrived[] }> {
  const before = arrived.length;
  const result = await work();
  return { result, arrived: arrived.slice(before) };
}

/** Values of all headers that a CGI-like upstream would read as this one, whatever their spelling. */
export function readAs({ headers }: Arrived, name: string): string[] {
  return headers.filter(([each]) => fold(each) === fold(name)).map(([, value]) => value);
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
}
