import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { meshLintReference } from '../../src/mesh/lint/reference.ts';
import { type MeshName, meshes } from '../../src/mesh/meshes.ts';
import { manifestText, renderMesh } from '../../src/mesh/render.ts';
import { parseSpiffeId } from '../../src/mesh/spiffe.ts';
import { parseSettings } from '../../src/policy/settings.ts';
import { projectFolder } from '../helpers/command.ts';
import { meshCases, policy } from './cases.ts';
import { consulCases, consulPolicy } from './full/consul-cases.ts';

const folder = join(projectFolder, 'docs/mesh');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

const casesIntro = `# The table of cases

Each row is one request to a workload under the policy

\`\`\`json
${JSON.stringify(policy, null, 2)}
\`\`\`

by the edge with a token of ana, who is in \`staff\` and \`payments\`, except for what the row says. Each cell is what the real
mesh answers; *refused* means that the connection was, before anything was said. The tests run every cell.

- Istio's authentication lets requests without a token pass; its authorization refuses them with a 403.
- Only an Envoy of one's own asks for \`exp\`, limits a token's life and lets clocks differ by 5 s instead of 60. ngx-fido2
  signs no token without \`exp\` and none for longer than 300 s.
- Envoy Gateway compares \`groups\` as a list only. ngx-fido2 always writes a list.`;

const consulIntro = `## Consul

Its policy is all that it can hold:

\`\`\`json
${JSON.stringify(consulPolicy, null, 2)}
\`\`\`

Tokens have the groups in a map besides (\`"groupMap": true\`), and ana is in \`staff\` and \`payments\`. \`npm run test:mesh-full\`
runs every cell.`;

/** The text of the page’s blocks of a language. */
function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

test('the reference of the linter is printed from its rules', async () => {
  await expect(meshLintReference()).toMatchFileSnapshot(join(folder, 'lint.md'));
});

test('the table of cases is printed from it', async () => {
  const rows = meshCases.map(
    ({ what, envoy, sidecar, waypoint, gateway }) => `| ${what} | ${envoy} | ${sidecar} | ${waypoint} | ${gateway} |`,
  );
  const head = '| What is tried | Envoy | Istio, sidecar | Istio, waypoint | Envoy Gateway |\n|---|---|---|---|---|';
  const shared = `${casesIntro}\n\n${head}\n${rows.join('\n')}\n`;
  const ofConsul = consulCases.map(([what, outcome]) => `| ${what} | ${outcome} |`);
  const consul = `${consulIntro}\n\n| What is tried | Consul |\n|---|---|\n${ofConsul.join('\n')}\n`;
  await expect(`${shared}\n${consul}`).toMatchFileSnapshot(join(folder, 'cases.md'));
});

test.each(Object.keys(meshes) as MeshName[])('%s.md shows what the command writes for its document', (mesh) => {
  const page = read(`${mesh}.md`);
  const [document = ''] = blocks(mesh === 'consul' ? page : read('README.md'), 'json');
  const [command = ''] = blocks(page, 'sh');
  const option = (name: string) => new RegExp(`--${name} (\\S+)`).exec(command)?.[1] ?? '';
  expect(option('for')).toBe(mesh);
  const files = renderMesh({
    settings: parseSettings(document).settings,
    mesh,
    workloads: [],
    policy: undefined,
    edge: parseSpiffeId(option('edge-spiffe')),
    keys: { kind: 'remote', uri: 'https://app.example.com/fido2/jwks.json' },
    places: {
      port: 8080,
      listenPort: 8443,
      svid: '/run/spiffe',
      etc: '/etc/envoy',
      waypoint: 'waypoint',
      gateway: 'fido2',
    },
  });
  for (const file of files) {
    const language = file.name.endsWith('.json') ? 'jsonc' : 'yaml';
    const comment = language === 'jsonc' ? '//' : '#';
    expect(blocks(page, language)).toContain(`${comment} ${file.name}\n${manifestText(file)}`);
  }
  expect(blocks(page, 'mermaid')).toHaveLength(1);
});
