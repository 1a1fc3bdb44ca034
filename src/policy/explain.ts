import { formatDuration } from './duration.ts';
import type { Check, Decision, Subject } from './evaluate.ts';

/** The decision in words: one line for the outcome, one for each rule that was looked at. */
export function explain(subject: Pick<Subject, 'name'>, policyName: string, decision: Decision): string[] {
  const outcome = {
    allow: `${subject.name} is admitted by policy ${policyName}`,
    step_up: `${subject.name} has to confirm with a passkey again for policy ${policyName}`,
    deny: `${subject.name} is refused by policy ${policyName}`,
  }[decision.outcome];
  return [outcome, ...decision.trace.map((check) => `${check.held ? 'holds' : 'fails'}: ${words(check)}`)];
}

function words({ rule, held, wanted, found }: Check): string {
  switch (rule) {
    case 'deny.users':
      return held ? `not named in ${list(wanted)}` : `${list(found)} is denied by name`;
    case 'deny.groups':
    case 'groups.none':
      return held ? `in none of ${list(wanted)}` : `in ${list(found)}, which this policy denies`;
    case 'groups.all':
      return held ? `in all of ${list(wanted)}` : `needs group ${list(found)} too`;
    case 'groups.any':
      return held ? `in ${list(found)}` : `needs one of the groups ${list(wanted)}`;
    case 'users':
      return held ? `named as ${list(found)}` : `${list(found)} is not among the users ${list(wanted)}`;
    case 'methods':
      return held ? `the method is ${list(found)}` : `the method ${list(found)} is not among ${list(wanted)}`;
    case 'networks':
      return held ? `${list(found)} is within ${list(wanted)}` : `${list(found)} is not within ${list(wanted)}`;
    case 'sameSite':
      return held ? 'no page of another site sent it' : `a page of another site sent it (${list(found)})`;
    case 'times':
      return held ? `${list(found)} is within ${list(wanted)}` : `${list(found)} is not within ${list(wanted)}`;
    case 'authenticator.attested':
      return held ? 'a certificate attests who made the passkey’s authenticator' : 'nothing attests who made it';
    case 'authenticator.aaguids':
      return held ? `its model ${list(found)} is named` : `its model ${list(found)} is not among ${list(wanted)}`;
    case 'userVerification':
      return held ? 'the passkey checked who holds it' : 'the passkey did not check who holds it';
    case 'maxAge':
      return `confirmed ${age(found)} ago, the limit is ${age(wanted)}`;
  }
}

const list = (value: Check['wanted']): string => (Array.isArray(value) ? value.join(', ') : 'unknown');
const age = (value: Check['wanted']): string => (typeof value === 'number' ? formatDuration(value) : '');
