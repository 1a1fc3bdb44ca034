import { type AuthenticatorModel, assessModel, findModel, type ModelReport, modelIdOf } from './metadata.ts';
import type { ReadPorts } from './record.ts';
import { listUsers } from './user.ts';

/** A credential of a model that has one of some statuses. */
export interface AffectedKey {
  /** The account name. */
  readonly user: string;
  readonly userId: string;
  readonly credential: string;
  readonly credentialName: string;
  readonly model: AuthenticatorModel;
  readonly report: ModelReport;
}

/**
 * Everybody's credentials whose model has one of the statuses anywhere in its history, by account name. A model that a
 * credential only states counts too: who states a compromised one gains nothing by it.
 */
export async function findAffectedKeys(ports: ReadPorts, statuses: readonly string[]): Promise<AffectedKey[]> {
  const reports = new Map<string, readonly [AuthenticatorModel, ModelReport] | null>();
  const reportOn = async (id: string): Promise<readonly [AuthenticatorModel, ModelReport] | null> => {
    const known = reports.get(id);
    if (known !== undefined) return known;
    const model = (await findModel(ports.store, id))?.value ?? null;
    const report = model === null ? null : assessModel(model, statuses, null, 0).refusedBy;
    const found = model === null || report === null ? null : ([model, report] as const);
    reports.set(id, found);
    return found;
  };
  const affected: AffectedKey[] = [];
  for (const user of await listUsers(ports)) {
    for (const credential of user.credentials) {
      const id = modelIdOf(credential);
      const found = id === null ? null : await reportOn(id);
      if (found === null) continue;
      const [model, report] = found;
      const { id: key, name } = credential;
      affected.push({ user: user.name, userId: user.id, credential: key, credentialName: name, model, report });
    }
  }
  return affected.sort((a, b) => (a.user < b.user ? -1 : 1));
}
