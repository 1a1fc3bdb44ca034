import type { Directive } from '../nginx-tree.ts';
import { locationsFor } from './location.ts';
import type { Place, Rule, RuleGroup } from './rule.ts';
import { inherited, isOn, once, type Scope, serverOf, settingOf, titleOf } from './scope.ts';
import { admissionOf, gateOf, isClosed, isOurs, type Pass, passesOf, type Site, sentHeader } from './site.ts';

/** A target without variables is one path; with them only its beginning is known. */
function targetsOf(server: Scope, target: string): Scope[] {
  const known = target.replace(/[$?].*$/, '');
  return locationsFor(server, known === '' ? '/' : known, known === target);
}

const isRefusal = (directive: Directive): boolean => Number(directive.args[0]) >= 400;

const returnBeforeGate: Rule = {
  code: 'return_before_gate',
  severity: 'error',
  about: '`return` answers before the gate runs: whatever it answers is open. Statuses from 400 on give nothing away.',
  fix: 'move it to a location without a gate, or a redirect to a server of its own',
  *find({ gated }) {
    for (const { scope } of gated) {
      for (const directive of scope.own('return').filter((each) => !isRefusal(each))) {
        yield { directive, reason: `${titleOf(scope)}: return answers before the gate runs` };
      }
    }
  },
};

const rewriteOutOfGate: Rule = {
  code: 'rewrite_out_of_gate',
  severity: 'error',
  about:
    '`rewrite` in a gated location takes the request to another one before the gate runs; only that one’s gate counts.',
  fix: 'end it in break, or rewrite to locations of the same policy only',
  *find({ gated }) {
    for (const { scope } of gated) {
      const server = serverOf(scope);
      for (const directive of scope.own('rewrite')) {
        const [, replacement = '', flag = ''] = directive.args;
        if (flag === 'break' || server === null) continue;
        const isRedirect = /^(https?:\/\/|\$scheme)/.test(replacement) || flag === 'redirect' || flag === 'permanent';
        const targets = isRedirect ? [] : targetsOf(server, replacement);
        const isSame = targets.length > 0 && targets.every((each) => admissionOf(each) === admissionOf(scope));
        if (!isSame) yield { directive, reason: `${titleOf(scope)}: rewrite leaves before the gate runs` };
      }
    }
  },
};

const satisfyAny: Rule = {
  code: 'satisfy_any',
  severity: 'error',
  about: 'With `satisfy any` an allowed address or a password opens what the gate would have refused.',
  fix: 'satisfy all;',
  *find({ gated }) {
    for (const { scope } of gated) {
      const [directive] = inherited(scope, 'satisfy');
      if (directive?.args[0] === 'any') {
        yield { directive, reason: `${titleOf(scope)}: another check can open what the gate refuses` };
      }
    }
  },
};

/** nginx skips the access phase in subrequests: only the suffix is left to keep them out. */
const subrequestAroundGate: Rule = {
  code: 'subrequest_around_gate',
  severity: 'error',
  about:
    'SSI, `mirror` and `add_before_body` make subrequests, for which nginx runs no gate: they reach gated files and every upstream without `$fido2_deny`.',
  fix: 'end every gated pass of the server in $fido2_deny and keep gated files out of it, or turn the directive off',
  *find(site) {
    for (const scope of site.scopes) {
      const server = serverOf(scope);
      if (server === null) continue;
      const openTo = (target: string): Scope | undefined =>
        targetsOf(server, target).find((each) => isOpenInside(each) && admissionOf(each) !== admissionOf(scope));
      for (const [directive, target] of subrequestsOf(scope)) {
        const reached = openTo(target);
        if (reached === undefined) continue;
        yield {
          directive,
          reason: `${directive.name} in ${titleOf(scope)} reaches ${titleOf(reached)} without its gate`,
        };
      }
    }
  },
};

function subrequestsOf(scope: Scope): [directive: Directive, target: string][] {
  const named = ['mirror', 'add_before_body', 'add_after_body'].flatMap((name) => inherited(scope, name));
  const found = named
    .filter(({ args }) => args[0] !== 'off' && args[0] !== '')
    .map((directive): [Directive, string] => [directive, directive.args[0] ?? '']);
  const [ssi] = isOn(scope, 'ssi') ? inherited(scope, 'ssi') : [];
  return ssi === undefined ? found : [...found, [ssi, '$any']];
}

/** Gated, and nothing but the gate keeps a request out. */
const isOpenInside = once((scope): boolean => {
  if (gateOf(scope) === null || isOurs(scope)) return false;
  const passes = passesOf(scope);
  return passes.length === 0 ? settingOf(scope, 'js_content') === null : !passes.every(isClosed);
});

const sendsIdentity = (scope: Scope, { protocol }: Pass): boolean =>
  sentHeader(scope, protocol, 'Fido2-Identity')?.includes('$fido2_identity') === true;

const mirroredIdentity: Rule = {
  code: 'mirrored_identity',
  severity: 'warning',
  about: 'A mirror of a gated location whose own location sends `$fido2_identity` receives every user’s token.',
  fix: 'include fido2/public.conf; in the mirror’s location, unless the mirror may act as every user',
  *find({ gated }) {
    for (const { scope } of gated) {
      const server = serverOf(scope);
      for (const directive of inherited(scope, 'mirror').filter(({ args }) => args[0] !== 'off')) {
        const mirrors = server === null ? [] : targetsOf(server, directive.args[0] ?? '');
        if (!mirrors.some((mirror) => passesOf(mirror).some((pass) => sendsIdentity(mirror, pass)))) continue;
        yield { directive, reason: `${titleOf(scope)}: the mirror receives identity tokens` };
      }
    }
  },
};

const gateSwitchedOff: Rule = {
  code: 'gate_switched_off',
  severity: 'warning',
  about: 'Below a gate a location switches it off: it is open to everybody, which may be what is meant.',
  fix: 'take auth_request off; out, or name the policy that it needs',
  *find({ scopes }) {
    for (const scope of scopes) {
      const directive = scope.own('auth_request').find(({ args }) => args[0] === 'off');
      const above = scope.parent === null ? null : gateOf(scope.parent);
      if (directive === undefined || above === null) continue;
      yield { directive, reason: `${titleOf(scope)} is open, below the gate ${above.uri}` };
    }
  },
};

const passInIf: Rule = {
  code: 'pass_in_if',
  severity: 'note',
  about:
    'A pass inside `if` is gated and sends what its location sends (nginx 1.30.6); an error_page or add_header inside replaces all of its own.',
  fix: 'put a map’s variable into one pass, or use two locations',
  *find({ gated }) {
    for (const { scope } of gated) {
      if (scope.kind !== 'if') continue;
      for (const { directive } of passesOf(scope)) yield { directive, reason: `${directive.name} inside if` };
    }
  },
};

const errorPageRules: readonly Rule[] = [
  {
    code: 'identity_to_error_page',
    severity: 'error',
    about:
      'After the gate opened, `error_page` leads to a location without a gate that sends the token of the first to another upstream.',
    fix: 'gate the location of the error page, or include fido2/public.conf there',
    find: (site) => openErrorPages(site, true),
  },
  {
    code: 'error_page_to_open_upstream',
    severity: 'warning',
    about: 'Errors of a gated location, refusals among them, are answered by an upstream without a gate.',
    fix: 'lead error_page to a file or a return, or gate its location',
    find: (site) => openErrorPages(site, false),
  },
];

function* openErrorPages({ admitted }: Site, withIdentity: boolean): Generator<Place> {
  for (const { scope } of admitted) {
    const server = serverOf(scope);
    const mine = passesOf(scope).map(({ target }) => target);
    for (const directive of inherited(scope, 'error_page')) {
      const target = directive.args.at(-1) ?? '';
      if (server === null || !/^[/@]/.test(target)) continue;
      for (const page of targetsOf(server, target)) {
        if (isOurs(page) || gateOf(page) !== null) continue;
        for (const pass of passesOf(page)) {
          const isElsewhere = sendsIdentity(page, pass) && !mine.includes(pass.target);
          const reason = isElsewhere ? 'receives the identity of the first' : 'answers for it, without a gate';
          if (isElsewhere === withIdentity)
            yield { directive, reason: `${titleOf(scope)}: ${titleOf(page)} ${reason}` };
        }
      }
    }
  }
}

const bodyLimit: Rule = {
  code: 'body_limit_first',
  severity: 'note',
  about: '413 comes before the gate: whoever is not signed in learns the limit, nothing else.',
  fix: 'nothing, unless that matters',
  *find({ gated }) {
    for (const { scope } of gated) {
      for (const directive of scope.own('client_max_body_size').filter(({ args }) => args[0] !== '0')) {
        yield { directive, reason: `${titleOf(scope)}: 413 comes before the gate` };
      }
    }
  },
};

export const bypassRules: RuleGroup = {
  title: 'Ways around a gate',
  rules: [
    ...[returnBeforeGate, rewriteOutOfGate, satisfyAny, subrequestAroundGate, mirroredIdentity, gateSwitchedOff],
    ...[passInIf, ...errorPageRules, bodyLimit],
  ],
};
