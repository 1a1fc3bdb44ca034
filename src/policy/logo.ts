/** Drawing, and nothing that could run, load or style anything. */
const elements = new Set(
  'svg g defs path circle ellipse rect line polyline polygon linearGradient radialGradient stop clipPath'.split(' '),
);
const attributes = new Set(
  (
    'xmlns viewBox width height id d points cx cy r rx ry x y x1 y1 x2 y2 fx fy offset transform ' +
    'fill fill-rule fill-opacity stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity ' +
    'stroke-dasharray opacity clip-rule clip-path stop-color stop-opacity gradientUnits gradientTransform clipPathUnits'
  ).split(' '),
);
const namespace = 'http://www.w3.org/2000/svg';

const tag = /<(\/?)([A-Za-z]+)((?:\s+[A-Za-z][\w:-]*="[^"<>&]*")*)\s*(\/?)>\s*/y;
const attribute = /([A-Za-z][\w:-]*)="([^"]*)"/g;

/** Why a text is no SVG drawing that a page may carry, or null. */
export function logoProblem(written: string): string | null {
  const text = written.trim();
  const open: string[] = [];
  let at = 0;
  do {
    tag.lastIndex = at;
    const [whole, end = '', name = '', given = '', alone = ''] = tag.exec(text) ?? [];
    if (whole === undefined) return `it has more than plain elements: ${JSON.stringify(text.slice(at, at + 20))}`;
    const problem = end === '' ? elementProblem(name, given, at === 0) : null;
    if (problem !== null) return problem;
    if (end !== '' && (open.pop() !== name || given + alone !== '')) return `</${name}> closes nothing`;
    if (end === '' && alone === '') open.push(name);
    at += whole.length;
  } while (open.length > 0);
  return at === text.length ? null : 'there is something after </svg>';
}

function elementProblem(name: string, given: string, first: boolean): string | null {
  if (!elements.has(name)) return `<${name}> is not among what a logo may hold`;
  if ((name === 'svg') !== first) return first ? 'it does not begin with <svg' : 'there is an <svg> within';
  const names: string[] = [];
  for (const [, key = '', value = ''] of given.matchAll(attribute)) {
    if (!attributes.has(key)) return `the attribute ${key} is not among what a logo may hold`;
    const plain = /^(?:url\(#[\w-]+\)|[\w\s#.,%+-]*|(?:[a-zA-Z]+\([\d\s.,e+-]*\)\s*)+)$/.test(value);
    if (key === 'xmlns' ? value !== namespace : !plain) return `${key}="${value.slice(0, 20)}" is not allowed`;
    names.push(key);
  }
  if (new Set(names).size !== names.length) return `<${name}> has an attribute twice`;
  if (first && !(names.includes('viewBox') && names.includes('xmlns'))) return 'its <svg> needs viewBox and xmlns';
  return null;
}
