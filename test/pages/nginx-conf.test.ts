import { expect, test } from 'vitest';
import { highlighted } from '../../src/pages/nginx-conf.ts';

test('marks directives, variables, comments and the lines of ours, and escapes everything', () => {
  const conf = 'server {\n    # <b> fido2/\n    set $a "<i>";\n    include fido2/http.conf; listen 80;\n}\n';
  expect(highlighted(conf).text).toBe(
    [
      '<code><i class="one">server</i> {',
      '    <i class="dim"># &lt;b&gt; fido2/</i>',
      '    <i class="one">set</i> <i class="two">$a</i> &quot;&lt;i&gt;&quot;;',
      '<mark>    <i class="one">include</i> fido2/http.conf; <i class="one">listen</i> 80;</mark>',
      '}',
      '</code>',
    ].join('\n'),
  );
});
