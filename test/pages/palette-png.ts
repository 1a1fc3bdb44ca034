import { crc32, deflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';

/** Runs in a page: the picture's pixels as indexes of its most frequent colours, of 64 shades a channel. */
const reduce = `async (source) => {
  const image = await createImageBitmap(await (await fetch(source)).blob());
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const at = (i) => ((data[i] & 0xfc) << 16) | ((data[i + 1] & 0xfc) << 8) | (data[i + 2] & 0xfc);
  const counts = new Map();
  for (let i = 0; i < data.length; i += 4) counts.set(at(i), (counts.get(at(i)) ?? 0) + 1);
  const colours = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 128).map(([colour]) => colour);
  const far = (a, b) => [16, 8, 0].reduce((sum, bits) => sum + (((a >> bits) & 255) - ((b >> bits) & 255)) ** 2, 0);
  const nearest = new Map();
  for (const colour of counts.keys()) {
    let best = 0;
    colours.forEach((each, index) => { if (far(each, colour) < far(colours[best], colour)) best = index; });
    nearest.set(colour, best);
  }
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = nearest.get(at(4 * i));
  let text = '';
  for (let i = 0; i < pixels.length; i += 32768) text += String.fromCharCode(...pixels.subarray(i, i + 32768));
  return { width, height, colours, pixels: btoa(text) };
}`;

interface Reduced {
  readonly width: number;
  readonly height: number;
  readonly colours: readonly number[];
  readonly pixels: string;
}

/** A screenshot with at most 128 colours, a fraction of the size; the page only computes. */
export async function palettePng(page: Page, png: Buffer): Promise<Buffer> {
  const source = `data:image/png;base64,${png.toString('base64')}`;
  const { width, height, colours, pixels } = await page.evaluate<Reduced>(`(${reduce})(${JSON.stringify(source)})`);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, indexed
  const palette = Buffer.from(
    colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255].map(whole)),
  );
  const indexes = Buffer.from(pixels, 'base64');
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) indexes.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(rows, { level: 9 });
  return Buffer.concat([signature, chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', data), chunk('IEND')]);
}

/** Six bits spread over eight, so that white stays white. */
function whole(part: number): number {
  return part | (part >> 6);
}

function chunk(name: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  return Buffer.concat([number(data.length), body, number(crc32(body))]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
