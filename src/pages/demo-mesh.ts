import { demo } from './en-demo.ts';
import { type Html, html } from './html.ts';
import { icon } from './icons.ts';

/** What a mesh said of the request that it passed on, and of others with the same token. */
export interface DemoMeshFacts {
  readonly workload: string;
  /** SPIFFE ID of the only caller that is admitted. */
  readonly edge: string;
  readonly callers: readonly {
    /** SPIFFE ID; null: no certificate. */
    readonly who: string | null;
    /** Null: refused in the handshake. */
    readonly status: number | null;
  }[];
}

/** The two verdicts side by side: nginx’s, and Envoy’s of its own. */
export function meshPanel({ workload, edge, callers }: DemoMeshFacts): Html {
  const others = callers.map(({ who, status }) => {
    const refused = status === null || status === 401 || status === 403;
    const caller = who === null ? demo.meshNobody : demo.meshOther(who);
    return html`<li class="${refused ? 'good' : 'bad'}">${refused ? icon.check : icon.broken}<span>${caller}: ${saidTo(status)}</span></li>`;
  });
  return html`<section class="panel" id="mesh"><h2>${demo.meshTitle}</h2><p class="help">${demo.meshText(workload)}</p>
<ul class="facts"><li class="good">${icon.check}<span>${demo.meshNginx}</span></li>
<li class="good">${icon.check}<span>${demo.meshEnvoy(edge)}</span></li>${others}</ul></section>`;
}

function saidTo(status: number | null): string {
  if (status === null) return demo.meshHandshake;
  return status < 400 ? demo.meshAdmitted(status) : demo.meshRefused(status);
}
