/** What njs 1.0.2 has and njs-types 0.9.4 does not declare, as observed on nginx 1.30.6. */

interface TextDecoderOptions {
  ignoreBOM?: boolean;
}

interface TextDecoder {
  decode(bytes: Uint8Array): string;
}

interface NginxHTTPRequest {
  /** Every header line in order; the published type is a tuple of one pair. */
  readonly rawHeadersIn: [string, string][];
}

interface NjsProcess {
  readonly ppid: number;
}

interface NjsGlobal {
  readonly engine: 'njs' | 'QuickJS';
}
