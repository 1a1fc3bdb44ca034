import { Fido2Error } from '../errors.ts';
import type { Credential } from '../identity/credential.ts';
import { type AuthenticatorModel, findModel, modelIdOf, readMetadataState } from '../identity/metadata.ts';
import { requireModel } from '../identity/metadata-policy.ts';
import type { Store } from '../store/store.ts';
import { state, tokens } from './dicts.ts';
import { clock } from './runtime.ts';
import { nextGeneration, type Service } from './service.ts';

type Model = AuthenticatorModel | null;

/** What was looked up for a service, which ends with the list of models that it was loaded with. */
const remembered = new WeakMap<Service, Map<string, Model>>();
const mostRemembered = 1000;

/** The model of a credential as the metadata have it; null where they have none. */
export async function modelOf(
  service: Service,
  credential: Pick<Credential, 'aaguid' | 'keyIdentifier'>,
): Promise<Model> {
  const id = modelIdOf(credential);
  if (id === null || service.metadata === null) return null;
  const models = remembered.get(service) ?? new Map<string, Model>();
  const there = models.get(id);
  if (there !== undefined) return there;
  const model = (await findModel(service.store, id))?.value ?? null;
  if (models.size >= mostRemembered) models.clear();
  remembered.set(service, models.set(id, model));
  return model;
}

/**
 * The model of a passkey that was registered some time, as it is judged now. Throws `authenticator_refused`,
 * `authenticator_unknown` and `authenticator_uncertified`. Costs nothing where no metadata were imported.
 */
export async function requireModelStill(service: Service, credential: Credential): Promise<void> {
  const policy = service.settings.passkeys.metadata;
  if (service.metadata === null && policy.unknown === 'accept' && policy.certification === null) return;
  const { attested = false } = credential;
  requireModel(await modelOf(service, credential), policy, { chain: null, attested, now: clock.now() });
}

/** The same for a session that stands: its person has to sign in with another passkey. */
export async function requireModelOfSession(service: Service, credential: Credential): Promise<void> {
  try {
    await requireModelStill(service, credential);
  } catch (error) {
    if (!(error instanceof Fido2Error) || !error.code.startsWith('authenticator_')) throw error;
    throw new Fido2Error('authenticator_not_allowed', `${error.code}: ${error.message}`, { cause: error });
  }
}

/** The digest of the list of models that is held, or null; another one than before is a new generation. */
export async function noticeMetadata(store: Store): Promise<string | null> {
  const digest = (await readMetadataState(store))?.value.digest ?? null;
  const before = state.get('metadata');
  if (before === (digest ?? 'none')) return digest;
  state.set('metadata', digest ?? 'none');
  if (before !== undefined) {
    nextGeneration();
    tokens.clear();
  }
  return digest;
}
