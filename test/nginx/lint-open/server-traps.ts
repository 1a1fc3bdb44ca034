import { gated, nobodyAt, publicPass, type Trap, type Visitor } from './trap.ts';

const ssi = `location = /ssi { ssi on; ${publicPass} }`;

/** Whether the audit log, which lies in the data folder, is served. */
const servesData =
  (path: string) =>
  async ({ visit }: Visitor): Promise<boolean> => {
    const { status, text } = (await visit(path)).answer;
    return status === 200 && text.includes('"event"');
  };

export const serverTraps: readonly Trap[] = [
  {
    code: 'variable_redefined',
    name: 'the suffix emptied',
    bad: { server: `${ssi}\n${gated('/app/', 'set $fido2_deny ""; # here')}` },
    good: { server: `${ssi}\n${gated('/app/', 'set $deny "";')}` },
    see: nobodyAt('/ssi'),
    open: ['/ssi', '/app/included'],
    closed: ['/ssi'],
  },
  {
    code: 'variable_redefined',
    name: 'an identity given by the site',
    bad: {
      server: gated('/app/', '')
        .replace('/fido2/authorize/', '/fido2/optional/')
        .replace('{', '{\nset $fido2_identity forged; # here'),
    },
    good: { server: gated('/app/', '').replace('/fido2/authorize/', '/fido2/optional/') },
    see: async ({ visit }) => (await visit('/app/x')).app.map((one) => one.header('fido2-identity')),
    open: ['forged'],
    closed: [undefined],
  },
  {
    code: 'data_served',
    name: 'an alias of the data folder',
    bad: { server: ({ folder }) => `location /f/ {\n alias ${folder}/data/; # here\n}` },
    good: { server: ({ folder }) => `location /f/ { alias ${folder}/www/; }` },
    see: servesData('/f/audit.log'),
    open: true,
    closed: false,
  },
  {
    code: 'data_served',
    name: 'a root above the data folder',
    bad: { server: ({ folder }) => `root ${folder}; # here\nlocation / { try_files $uri =404; }` },
    good: { server: ({ folder }) => `root ${folder}/www;\nlocation / { try_files $uri =404; }` },
    see: servesData('/data/audit.log'),
    open: true,
    closed: false,
  },
];
