import { verifyMlDsa } from '../../src/crypto/ml-dsa.ts';
import { createVerifier } from '../../src/crypto/verify.ts';
import type { Sample } from './samples.ts';
import { verifySample } from './verify-sample.ts';

/** The build writes them in. */
declare const SAMPLES: readonly Sample[];

interface Request {
  readonly args: Readonly<Record<string, string | undefined>>;
  return(status: number, text: string): void;
}

/** `GET /?sample=3&count=100&mode=portable`: verifies a sample so many times and says so. */
export default {
  async verify(r: Request): Promise<void> {
    const mode = r.args.mode === 'portable' ? 'portable' : 'auto';
    const verifier = createVerifier({ subtle: crypto.subtle, mode, mlDsa: verifyMlDsa });
    const sample = SAMPLES[Number(r.args.sample)];
    const count = Number(r.args.count);
    if (sample === undefined) throw new Error('there is no such sample');
    for (let i = 0; i < count; i++) await verifySample(sample, verifier);
    r.return(200, String(count));
  },
};
