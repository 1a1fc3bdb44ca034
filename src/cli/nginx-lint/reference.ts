import type { Rule } from './rule.ts';
import { ruleGroups } from './rules.ts';

/** docs/nginx-check.md, printed from the table of rules. */
export function lintReference(): string {
  const sections = ruleGroups.map(({ title, rules }) =>
    [`## ${title}`, ['| Code | | What happens | What helps |', '|---|---|---|---|', ...rules.map(row)].join('\n')].join(
      '\n\n',
    ),
  );
  return `${[intro, ...sections].join('\n\n')}\n`;
}

const row = ({ code, severity, about, fix }: Rule): string => `| \`${code}\` | ${severity} | ${about} | ${fix} |`;

const intro = `# Checking nginx's configuration

\`\`\`
ngx-fido2 check --nginx /etc/nginx/nginx.conf
\`\`\`

reads the configuration as nginx does, with \`nginx -T\`, and tells what leaves a gate open or leaks. \`--nginx-binary\`
names the nginx to ask; \`--nginx FILE\` or \`--nginx -\` also takes what \`nginx -T\` wrote elsewhere. Policies and workloads
are compared with the fido2.json of \`--config\`, else with the one that \`$fido2_settings\` names in the configuration.

Each finding has a place, a reason and what helps; \`--json\` prints them for programs. An error makes the exit status 1;
warnings and notes do not. Each trap that opens, leaks or refuses was seen to do so in nginx 1.30.6, beside what comes
near and is closed: \`test/nginx/lint-open.test.ts\` and \`test/nginx/lint-open-installation.test.ts\` start them. The other
rules are about time, memory and what a reload interrupts. What nginx decides at run time is not seen: variables in a
pass, requests that scripts make (\`r.subrequest\`, \`r.internalRedirect\`), other modules' access rules.`;
