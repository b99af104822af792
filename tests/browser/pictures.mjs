// Pictures made here, so that none has to lie in the tree.
import { randomFillSync } from "node:crypto";
import { deflateSync } from "node:zlib";

const table = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; ++bit) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  data.copy(bytes, 8);
  bytes.writeUInt32BE(checksum(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

// `paint(x, y)` gives [red, green, blue]; without it each pixel is noise, which nothing compresses.
export function png(width, height, paint = null) {
  const line = 1 + 3 * width;  // a line begins with its filter, 0
  const pixels = Buffer.alloc(line * height);
  if (!paint) randomFillSync(pixels);
  for (let y = 0; y < height; ++y) {
    pixels[y * line] = 0;
    for (let x = 0; paint && x < width; ++x) pixels.set(paint(x, y), y * line + 1 + 3 * x);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);  // eight bits of each of three colours
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels)), chunk("IEND", Buffer.alloc(0)),
  ]);
}

// Evening over a lake.
export const evening = () => png(720, 480, (x, y) => {
  const sun = Math.hypot(x - 500, y - 230) < 60;
  const hills = y > 250 - 40 * Math.sin(x / 90) - 25 * Math.sin(x / 37) && y < 300;
  if (hills) return [52, 46, 74];
  if (sun && y < 300) return [255, 214, 120];
  const up = y < 300 ? y / 300 : (480 - y) / 240;
  return [90 + 160 * up, 80 + 70 * up, 140 - 30 * up].map(Math.round);
});
