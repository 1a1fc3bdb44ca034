/** What operators wrote, by the file's name in nginx's folder. */
export const scripts: Readonly<Record<string, string>> = {
  'decide.js': `export default {
  access: (r) => { if (r.headersIn['X-Blocked']) r.return(403); },
  allowed: async () => { throw new Error('the list of users cannot be read'); },
};
`,
};
