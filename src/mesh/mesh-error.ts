import { Fido2Error } from '../errors.ts';

/** One thing that cannot be rendered: the message names the policy and the mesh, the hint the nearest that works. */
export interface MeshFinding {
  readonly workload: string;
  readonly message: string;
  readonly hint: string;
}

/** Code `unfit`: nothing was rendered. */
export class MeshError extends Fido2Error {
  readonly findings: readonly MeshFinding[];

  constructor(findings: readonly MeshFinding[]) {
    super('unfit', findings.map(({ message }) => message).join('; '));
    this.name = 'MeshError';
    this.findings = findings;
  }
}
