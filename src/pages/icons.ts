/** Line icons, 24 by 24, in the colour of the text beside them. All are decoration: hidden from screen readers. */

import { type Html, html } from './html.ts';

function line(path: Html): Html {
  return html`<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${path}</svg>`;
}

export const icon = {
  key: line(html`<circle cx="8" cy="9" r="4.5"/><path d="M11.5 12.2 19 19.7M16 16.7l2-2M18.4 19.1l1.6-1.6"/>`),
  touch: line(
    html`<path d="M5.2 6.8A9 9 0 0 1 20.7 9.5c.3 1.5.3 3.3.1 5.2M3.4 15.5c.3-1.5.2-3 .3-4.5.1-.8.2-1.5.4-2M6.8 18.8c.6-2 .7-4.6.7-6.8a4.5 4.5 0 0 1 9 0c0 2.7-.2 5-.8 7.3M10.3 20.5c1.2-2.7 1.6-5.5 1.6-8.5"/>`,
  ),
  effortless: line(html`<path d="M13 3 5 13.5h6L10.5 21 19 10h-6.5z"/>`),
  shield: line(html`<path d="M12 3 5 5.8v5.4c0 4.5 2.9 8 7 9.8 4.1-1.8 7-5.3 7-9.8V5.8zM9 12l2.2 2.2L15.3 10"/>`),
  check: line(html`<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.7L16 9.5"/>`),
  window: line(html`<rect x="3.5" y="5" width="17" height="14" rx="2"/><path d="M3.5 9.5h17M6.5 7.3h.1M9 7.3h.1"/>`),
  broken: line(html`<circle cx="12" cy="12" r="9"/><path d="M12 7.5v5.3M12 16.3v.1"/>`),
  device: line(html`<rect x="4" y="4.5" width="16" height="11" rx="1.5"/><path d="M2.5 19.5h19"/>`),
  add: line(html`<circle cx="12" cy="12" r="9"/><path d="M12 8v8M8 12h8"/>`),
  gone: line(html`<circle cx="12" cy="12" r="9"/><path d="M8 12h8"/>`),
  securityKey: line(html`<rect x="4" y="8" width="12" height="8" rx="2"/><path d="M16 10h4.5v4H16M8.5 12h.1"/>`),
} as const;
