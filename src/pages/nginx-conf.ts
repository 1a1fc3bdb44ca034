import { type Html, html } from './html.ts';

const token = /(#.*$)|(\$\w+)|([{};])|([^\s{};#$]+)|(\s+)/gm;

/** nginx's configuration with its words marked by kind; what puts the gate there is marked line by line. */
export function highlighted(conf: string): Html {
  let first = true;
  const lines = conf.trimEnd().split('\n');
  const shown = lines.map((line) => {
    const parts = [...line.matchAll(token)].map(([whole, comment, variable, mark, word]) => {
      if (comment !== undefined) return html`<i class="dim">${whole}</i>`;
      if (variable !== undefined) return html`<i class="two">${whole}</i>`;
      if (mark !== undefined) first = true;
      if (word === undefined || !first) return whole;
      first = false;
      return html`<i class="one">${whole}</i>`;
    });
    const ours = /\bfido2[/_]/.test(line.replace(/#.*/, ''));
    return ours ? html`<mark>${parts}</mark>\n` : html`${parts}\n`;
  });
  return html`<code>${shown}</code>`;
}

/** The lines that the demo's nginx.conf has for us, as they would stand in one's own. */
export const essentials = `load_module modules/ngx_http_js_module.so;
http {
    include fido2/http.conf;
    server {
        include fido2/server.conf;
        location /app {
            auth_request /fido2/authorize/user;
            include fido2/upstream.conf;
            proxy_pass http://app$fido2_deny;
        }
    }
}`;
