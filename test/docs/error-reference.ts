import { type ErrorCode, errorCodes } from '../../src/errors.ts';

interface Section {
  readonly title: string;
  readonly text: string;
  /** What each code means and what helps. */
  readonly codes: Partial<Record<ErrorCode, string>>;
}

/** docs/errors.md, printed from the table of codes. Throws where a code has no words here, or has them twice. */
export function errorReference(): string {
  const told = sections.flatMap(({ codes }) => Object.keys(codes));
  const untold = Object.keys(errorCodes).filter((code) => told.filter((each) => each === code).length !== 1);
  if (untold.length > 0) throw new Error(`docs/errors.md must tell each once: ${untold.join(', ')}`);
  return `${[intro, ...sections.map(print)].join('\n\n')}\n`;
}

function print({ title, text, codes }: Section): string {
  const rows = Object.entries(codes).map(([code, meaning]) => {
    const [status, words] = errorCodes[code as ErrorCode];
    return `| \`${code}\` | ${status} | ${words} | ${meaning} |`;
  });
  const table = ['| Code | Status | Title | What it means, what helps |', '|---|---|---|---|', ...rows].join('\n');
  return [`## ${title}`, text, table].join('\n\n');
}

const intro = `# Error codes

Every refusal is a JSON document of the type \`application/problem+json\` (RFC 9457), or a page for people:

\`\`\`json
{"type":"urn:ngx-fido2:session_required","title":"Sign in to go on","status":401,"code":"session_required","ref":"5b119aa1","login":"/fido2/login?return_to=%2Fapp"}
\`\`\`

Programs should look at \`code\`, which is stable. \`ref\` finds the line with the detail: in \`audit.log\` of the store's
folder for ceremonies and decisions, in nginx's error log for everything else (from level \`info\` on, 5xx as errors).
Clients never see the detail.`;

const sections: readonly Section[] = [
  {
    title: 'Requests',
    text: 'The request itself is not acceptable. Nothing was changed by it.',
    codes: {
      malformed: 'a body that is no JSON object, a member of a wrong type, a header that came twice',
      not_found: 'no such path or method of ours, or no such user or passkey',
      method_not_allowed: 'the path takes another method; `Allow` names it',
      too_large: 'a body of more than 64 KB',
      unsupported_media_type: 'a POST without `Content-Type: application/json`; logout also takes a form',
      too_many_requests: 'nginx’s own limits per address (`server.conf`); `Retry-After` says when to come again',
      cross_origin:
        '`Origin` is not among `rp.origins`, `Sec-Fetch-Site` is not `same-origin`, or Host belongs to no configured origin; also a WebSocket from another site',
    },
  },
  {
    title: 'Gate and sessions',
    text: 'What a gated location answers. 401 carries `login`, the address of the sign-in page; a browser’s navigation is sent there with 303.',
    codes: {
      session_required: 'no session cookie, two of them, or one that is not ours',
      session_expired:
        'the session has ended: idle, absolute, logout, revoked, its passkey removed or its user disabled',
      step_up_required:
        'the session is good, its last confirmation is too old or did not check who holds the passkey; `max_age` and `acr_values` say what is asked for (RFC 9470)',
      not_allowed: 'the policy keeps this user out; the audit line names policy and rule',
      authenticator_not_allowed:
        'the policy asks for an attested passkey or for certain models, and the session was last confirmed with another one',
      policy_unknown:
        'the location names a policy or workload that `fido2.json` does not have; nginx’s error log names it',
      forbidden: 'nginx itself refused, for example by `deny` or because of a dot segment in the path',
    },
  },
  {
    title: 'Ceremonies',
    text: 'A refused sign-in is always `authentication_failed` to the client, and the audit line has the code below with the step of WebAuthn Level 3. A refused registration tells its code, for its user is known.',
    codes: {
      authentication_failed: 'the sign-in was refused; the audit line says by which guard',
      already_registered: 'somebody has this credential already (7.1.26)',
      invite_invalid: 'the link is unknown, used or expired, or its user is disabled; make a new one',
      credential_id_mismatch: '`id` and `rawId`, or the attested credential, differ',
      client_data_invalid: 'clientDataJSON is no JSON of the expected form',
      type_mismatch: 'a registration’s answer was sent as a sign-in’s, or the other way round',
      challenge_mismatch: 'the answer is to another challenge',
      origin_mismatch: 'the browser names an origin that is not in `rp.origins`',
      cross_origin_mismatch: 'the ceremony ran in a frame of another site, or does not say so with a boolean',
      top_origin_mismatch: 'the ceremony ran in a frame of a site that is not expected',
      cbor_invalid: 'not the strict CBOR of CTAP2',
      attestation_object_invalid: 'the attestation object lacks a member or has one of a wrong type',
      authenticator_data_invalid:
        'the authenticator data ends too early, has bytes left over, or an attested credential in a sign-in',
      public_key_invalid: 'a key of a wrong form, off its curve, or an RSA key of a size or exponent that is refused',
      rp_id_mismatch: 'the passkey was made for another `rp.id`',
      user_presence_missing: 'nobody touched the authenticator',
      user_verification_missing: 'the authenticator did not check fingerprint, face or PIN',
      backup_state_invalid: 'backed up, but not eligible for it: a contradiction',
      backup_eligibility_changed: 'a passkey that could not be backed up now can, or the other way round',
      algorithm_mismatch: 'an algorithm that was not offered',
      attestation_format_unknown: 'an attestation format that is not among `passkeys.formats`',
      attestation_invalid: 'the attestation statement does not hold',
      certificate_invalid: 'a certificate of the attestation cannot be read or breaks its rules',
      attestation_untrusted: 'the chain leads to none of the certificates of `passkeys.anchors`',
      attestation_required: '`passkeys.attestation` asks for proof of who made the authenticator, and none came',
      authenticator_refused: 'the metadata of the FIDO Alliance say that the model is broken ([mds](mds.md))',
      authenticator_uncertified:
        'the metadata do not have the certification that is asked for, or the model is only claimed',
      authenticator_unknown: 'the metadata do not have the model',
      aaguid_not_allowed: 'the model is not among `passkeys.aaguids.allow`, or is among those of `deny` (7.1.24)',
      backup_eligibility_refused: '`passkeys.backupEligible` refuses passkeys that can be copied, or those that cannot',
      credential_id_too_long: 'more than 1,023 bytes',
      extension_invalid: 'an extension output that was not asked for or has a wrong form',
      credential_not_allowed: 'a step-up was answered with a passkey that was not asked for',
      credential_unknown: 'nobody has registered the passkey, or the answer comes from another than the stored one',
      user_handle_missing: 'the answer names no user where one is needed',
      user_handle_mismatch: 'the answer names another user than the passkey’s owner',
      signature_invalid: 'the signature does not hold',
      sign_count_regressed:
        'the passkey’s counter did not rise, which a copy of it may cause; `passkeys.signCount` decides whether that refuses',
      challenge_invalid: 'not one of ours, for another origin, ceremony or session, or from before nginx was started',
      challenge_expired: 'answered after more than five minutes',
      challenge_used: 'answered before; a second click or a replay',
    },
  },
  {
    title: 'Identity tokens',
    text: 'Most come from `ngx-fido2 token verify`.',
    codes: {
      token_invalid: 'form, algorithm, key, signature, issuer or audience does not hold',
      token_expired: '`exp` has passed',
      token_too_large: 'the user’s groups make the token larger than 4,096 bytes: remove some',
    },
  },
  {
    title: 'Accounts',
    text: 'These come from the command.',
    codes: {
      name_taken: 'another account has this name, in some case or compatibility form',
      metadata_invalid:
        'what `mds import` was given is no metadata BLOB of the FIDO Alliance, is out of date or older than the one held; what was imported before stays',
      recover_required: 'the user has a passkey; `invite --recover` makes a link all the same, and that is audited',
    },
  },
  {
    title: 'Service',
    text: 'Nobody’s fault who asks. Gated locations stay closed. `Retry-After` is five seconds.',
    codes: {
      unfit: 'the installation cannot work; the error log says why ([troubleshooting](troubleshooting.md))',
      store_unavailable: 'records cannot be read or written, or the session script did not answer within two seconds',
      overloaded: 'the memory of used challenges is full',
      error: 'a defect; the error log has the stack',
    },
  },
];
