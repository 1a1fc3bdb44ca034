import type { RuleCase } from './rule-case.ts';

/** A listener for other proxies. */
const asked = (location: string, peers = '10.0.0.7 yes;') => ({
  http: `include fido2/askers.conf; geo $realip_remote_addr $fido2_peer { default no; ${peers} }
    server { listen 10.0.0.5:9191; include fido2/ext-authz.conf; location ^~ /ask/user/ { ${location} } }`,
});
const question = 'auth_request /fido2/authorize/user; include fido2/admit.conf;';

export const askerCases: Readonly<Record<string, readonly RuleCase[]>> = {
  answer_without_gate: [
    { bad: asked('return 200;'), good: asked(question) },
    { bad: asked('include fido2/admit.conf;'), good: asked(question.replace('admit.conf', 'admit-user.conf')) },
    {
      bad: asked('auth_request /fido2/authorize/user; root /srv/www;'),
      good: { server: 'location /none { return 200; }' },
    },
  ],
  anybody_asks: [{ bad: asked(question, '0.0.0.0/0 yes;'), good: asked(question, '0.0.0.0/0 no; 10.0.0.0/8 yes;') }],
};
