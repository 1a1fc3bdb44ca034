import { meshRules } from './lint.ts';
import type { MeshRule } from './rule.ts';

/** docs/mesh/lint.md, printed from the table of rules. */
export function meshLintReference(): string {
  const rows = meshRules.map(row);
  return `${intro}\n\n| Code | | What happens | What helps |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

const row = ({ code, severity, about, fix }: MeshRule): string => `| \`${code}\` | ${severity} | ${about} | ${fix} |`;

const intro = `# Checking manifests that people wrote

\`\`\`
ngx-fido2 mesh lint manifests/
\`\`\`

reads every YAML and JSON file of a folder (or one file, or \`-\`), also what \`kubectl get -o yaml\` wrote, and looks at all
of them together: a RequestAuthentication whose AuthorizationPolicy stands in another folder looks bare. Envoy's
configuration is found wherever it stands, in a file of its own, a ConfigMap or a MeshProxyPatch.

Each finding has a file and line, a reason and what helps; \`--json\` prints them for programs. An error makes the exit
status 1, a warning does not. What is no YAML is the error \`unreadable\`. How long a key is published before it signs is
read from fido2.json (\`--config\`); without one it is taken for 1h. What the linter does not know it does not mind: a
clean answer is no proof, but \`ngx-fido2 mesh diff\` is one for manifests that were rendered.`;
