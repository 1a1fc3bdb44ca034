/**
 * The gate: the target of auth_request, on the njs engine. One function, in that engine's subset of the language
 * (docs/design.md); nothing else may stand at the top level, for each request starts everything that does.
 *
 * nginx has refused a missing, doubled or malformed cookie before this runs; `$2` is the whole cookie. An entry of
 * the token zone exists only if the session engine verified that cookie and evaluated that policy, so a hit is one
 * look-up. The blank keeps URI and cookie apart: no cookie that comes this far contains one. A URI that ends in
 * `$fido2_vary` (server.conf) is never remembered.
 *
 * Open is a positive act: 204 and `$fido2_deny` emptied, together, and only here.
 */
export default {
  authorize: (r: NginxHTTPRequest) => {
    const v = r.variables;
    // Not a template: the engine takes 1,000 instructions longer for one.
    const key = r.uri + ' ' + v[2];
    const token = ngx.shared.fido2_token?.get(key);
    if (token !== undefined) {
      v.fido2_identity = token as string;
      v.fido2_deny = '';
      r.return(204);
      return;
    }
    return (async () => {
      // Without an identity only /fido2/optional/ opens, whatever the session engine says.
      const nobody = r.uri.startsWith('/fido2/optional/') ? 204 : 401;
      let status = 403;
      let refusal = '{"code":"store_unavailable"}';
      if (v[2] === undefined) {
        status = nobody;
        refusal = '';
      } else {
        const refused = ngx.shared.fido2_refused?.get(key) as string | undefined;
        if (refused !== undefined) {
          status = refused.startsWith('403') ? 403 : nobody;
          refusal = refused.slice(3);
        } else {
          try {
            const reply = await ngx.fetch(`http://unix:${v.fido2_socket}:${r.uri}`, {
              headers: {
                Host: 'fido2',
                'Fido2-Session': v[2],
                // An origin of ours stays as it is; what fetch would not send becomes another text that is not ours.
                'Fido2-Origin': encodeURI(r.headersIn.Origin || ''),
                'Fido2-Site': encodeURI(r.headersIn['Sec-Fetch-Site'] || ''),
                'Fido2-Mode': encodeURI(r.headersIn['Sec-Fetch-Mode'] || ''),
                // One value for both: each word that stands here costs a hit a hundred instructions.
                'Fido2-Asked': v.fido2_asked || '',
                'Fido2-Ref': v.request_id || '',
              },
            });
            const body = await reply.text();
            if (reply.status === 200 && body !== '') {
              v.fido2_identity = body;
              status = 204;
            } else if (reply.status === nobody || reply.status === 401 || reply.status === 403) {
              status = reply.status;
              refusal = body;
            } else if (body !== '') {
              refusal = body;
            }
          } catch (e) {
            r.error(`fido2 gate: the session listener did not answer: ${(e as Error).message}`);
          }
        }
      }
      if (status === 204) {
        v.fido2_deny = '';
      } else {
        v.fido2_refusal = refusal;
      }
      r.return(status);
    })();
  },
};
