import type { NginxOptions } from '../helpers/nginx.ts';

/** What must make no difference: the gate's engine, how long a QuickJS context lives, the number of workers. */
export const variants: readonly (Required<Pick<NginxOptions, 'engine' | 'contexts' | 'workers'>> & { name: string })[] =
  [
    { name: 'njs gate, contexts reused, 1 worker', engine: 'njs', contexts: 'reused', workers: 1 },
    { name: 'njs gate, contexts fresh, 2 workers', engine: 'njs', contexts: 'fresh', workers: 2 },
    { name: 'qjs gate, contexts reused, 2 workers', engine: 'qjs', contexts: 'reused', workers: 2 },
    { name: 'qjs gate, contexts fresh, 1 worker', engine: 'qjs', contexts: 'fresh', workers: 1 },
  ];
