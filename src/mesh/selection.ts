import { at, isRecord, listAt, type Manifest, textAt } from './manifest.ts';

export function namespaceOf({ value }: Pick<Manifest, 'value'>): string {
  return textAt(value, 'metadata', 'namespace') ?? 'default';
}

/** Where Istio’s policies for every namespace stand. */
const rootNamespace = 'istio-system';

/** A waypoint’s policies hold for each Service behind it, those of a class for each Gateway of it. */
const wider: Readonly<Record<string, readonly string[]>> = {
  Service: ['Gateway', 'GatewayClass'],
  ServiceEntry: ['Gateway', 'GatewayClass'],
  Gateway: ['GatewayClass'],
};

/** Whether one policy holds for all that another one holds for: the whole namespace, the same labels or targets. */
export function covers(policy: Pick<Manifest, 'value'>, other: Pick<Manifest, 'value'>): boolean {
  const isForAll = namespaceOf(policy) === rootNamespace && String(policy.value.apiVersion).includes('istio.io/');
  if (namespaceOf(policy) !== namespaceOf(other) && !isForAll) return false;
  const [targets, wanted] = [targetsOf(policy), targetsOf(other)];
  if (targets.length > 0 || wanted.length > 0) {
    return (
      wanted.length > 0 &&
      wanted.every(({ kind, name }) =>
        targets.some((each) => (each.kind === kind && each.name === name) || wider[kind]?.includes(each.kind)),
      )
    );
  }
  const [labels, others] = [labelsOf(policy), labelsOf(other)];
  return Object.entries(labels).every(([name, value]) => others[name] === value);
}

/** The named objects that a policy is attached to. */
function targetsOf({ value }: Pick<Manifest, 'value'>): { readonly kind: string; readonly name: string }[] {
  const one = at(value, 'spec', 'targetRef');
  const all = [...listAt(value, 'spec', 'targetRefs'), ...(one === undefined ? [] : [one])];
  return all.flatMap((each) => {
    const name = textAt(each, 'name');
    return name === undefined ? [] : [{ kind: textAt(each, 'kind') ?? '', name }];
  });
}

/** The labels that select what a policy holds for, in every mesh’s spelling; none: all of the namespace. */
function labelsOf({ value }: Pick<Manifest, 'value'>): Record<string, unknown> {
  const places = [
    ['selector', 'matchLabels'],
    ['podSelector', 'matchLabels'],
    ['endpointSelector', 'matchLabels'],
    ['targetRef', 'labels'],
  ];
  return places.map((path) => at(value, 'spec', ...path)).find(isRecord) ?? {};
}
