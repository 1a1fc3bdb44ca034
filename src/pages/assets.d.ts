/** What the build's asset plugin gives: the minified browser script or style, and its CSP source expression. */
declare module 'asset:*' {
  /** Ready to stand inside its element: it holds no closing tag of its own. */
  export const text: string;
  /** `sha256-..` of that text, without quotes. */
  export const hash: string;
}
