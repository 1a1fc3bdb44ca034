/** What each proxy has before the application at `app`; the site's own pages are behind it too, at `site`. */
export interface ProxyPlaces {
  readonly port: number;
  /** Port of the listener that answers. */
  readonly answerer: number;
  readonly ask: string;
  readonly app: number;
  readonly site: number;
}

/** A site of a Caddyfile. */
export function caddySite({ port, answerer, ask, app, site }: ProxyPlaces): string {
  return `http://:${port} {
  bind 127.0.0.1
  handle /fido2/* {
    reverse_proxy 127.0.0.1:${site}
  }
  handle {
    forward_auth 127.0.0.1:${answerer} {
      uri /ask/${ask}/
      copy_headers Fido2-Identity Cookie
    }
    reverse_proxy 127.0.0.1:${app} {
      header_up -Fido2_Identity
      header_up -Txn-Token
      header_up -Txn_Token
      header_up -Remote-*
      header_up -Remote_*
    }
  }
}
`;
}

/** A server of another nginx. */
export function nginxSite({ port, answerer, ask, app, site }: ProxyPlaces): string {
  return `server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    location /fido2/ {
        proxy_pass http://127.0.0.1:${site};
        proxy_set_header Host $http_host;
    }
    location = /ask {
        internal;
        proxy_pass http://127.0.0.1:${answerer}/ask/${ask}/;
        proxy_pass_request_body off;
        proxy_buffer_size 16k;
        proxy_buffers 4 16k;
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Forwarded-For $remote_addr;
    }
    location / {
        auth_request /ask;
        auth_request_set $identity $upstream_http_fido2_identity;
        auth_request_set $cookies $upstream_http_cookie;
        proxy_set_header Host $http_host;
        proxy_set_header Cookie $cookies;
        proxy_set_header Fido2-Identity $identity;
        proxy_set_header Fido2_Identity "";
        proxy_set_header Txn-Token "";
        proxy_set_header Remote-User "";
        proxy_set_header Remote-Groups "";
        proxy_set_header Remote-Name "";
        proxy_set_header Remote-Email "";
        proxy_pass http://127.0.0.1:${app};
    }
}`;
}
