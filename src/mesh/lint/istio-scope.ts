import { at, isRecord, listAt, type Manifest, textAt } from '../manifest.ts';
import { namespaceOf } from '../selection.ts';
import type { Bundle } from './rule.ts';

export function ofKind({ manifests }: Bundle, kind: string, group = 'security.istio.io/'): Manifest[] {
  return manifests.filter(({ value }) => value.kind === kind && String(value.apiVersion).startsWith(group));
}

/** Whether the policies of the namespace are a waypoint’s or ztunnel’s business. */
export function isAmbient({ manifests }: Bundle, namespace: string): boolean {
  return manifests.some((manifest) => {
    const { value } = manifest;
    const labels = at(value, 'metadata', 'labels');
    const marked =
      textAt(labels, 'istio.io/dataplane-mode') === 'ambient' ||
      ![undefined, 'none'].includes(textAt(labels, 'istio.io/use-waypoint')) ||
      (value.kind === 'Gateway' && textAt(value, 'spec', 'gatewayClassName') === 'istio-waypoint');
    const where = value.kind === 'Namespace' ? textAt(value, 'metadata', 'name') : namespaceOf(manifest);
    return marked && where === namespace;
  });
}

export function actionOf({ value }: Manifest): string {
  return textAt(value, 'spec', 'action') ?? 'ALLOW';
}

/** Whether a rule of an AuthorizationPolicy lets nobody pass who has no valid token. */
export function asksForToken(rule: unknown): boolean {
  const sources = listAt(rule, 'from');
  const bySource =
    sources.length > 0 && sources.every((each) => listAt(each, 'source', 'requestPrincipals').length > 0);
  const byClaim = listAt(rule, 'when').some(
    (each) => (textAt(each, 'key') ?? '').startsWith('request.auth.') && listAt(each, 'values').length > 0,
  );
  return bySource || byClaim;
}

/** Whether a rule reads anything of HTTP, which ztunnel does not see. */
export function readsHttp(rule: unknown): boolean {
  const bySource = listAt(rule, 'from').some((each) => {
    const source = at(each, 'source');
    return isRecord(source) && ('requestPrincipals' in source || 'notRequestPrincipals' in source);
  });
  const byOperation = listAt(rule, 'to').some((each) => {
    const operation = at(each, 'operation');
    return isRecord(operation) && Object.keys(operation).some((name) => !['ports', 'notPorts'].includes(name));
  });
  return (
    bySource || byOperation || listAt(rule, 'when').some((each) => (textAt(each, 'key') ?? '').startsWith('request.'))
  );
}
