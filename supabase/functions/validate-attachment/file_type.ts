// The type of a file, determined by its bytes. Each format is parsed from its first byte to its last as far as that is
// cheap, because checking only the magic number misses a file of two types (a GIF that is also a JAR).

/** The allowed types, and the extensions that fit each. */
export const EXTENSIONS: Record<string, string[]> = {
  "image/jpeg": ["jpg", "jpeg"],
  "image/png": ["png"],
  "image/gif": ["gif"],
  "image/webp": ["webp"],
  "application/pdf": ["pdf"],
  "application/msword": ["doc"],
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": [
    "docx",
  ],
  "application/vnd.ms-excel": ["xls"],
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": [
    "xlsx",
  ],
};

/** The MIME type of a file; null if the type is not allowed, the file is damaged, or it has more than one type. */
export function detect(bytes: Uint8Array): string | null {
  const file = new Bytes(bytes);
  if (file.starts("PK\x03\x04")) return officeOpenXml(file);
  if (file.starts("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) return compound(file);
  // All formats below allow a ZIP archive at the end, so that the file also opens as a JAR.
  if (endOfArchive(file) !== null) return null;
  if (file.starts("%PDF-")) {
    return file.text(-1024).includes("%%EOF") ? "application/pdf" : null;
  }
  const image = FORMATS.find(([, matches]) => matches(file))?.[0] ?? null;
  // Browsers and PDF viewers recognize these within the first kilobyte, whatever the magic number is.
  const disguise = /%PDF-|<script|<html|<!doctype html|<\?php/i;
  return image && !disguise.test(file.text(0, 1024)) ? image : null;
}

const FORMATS: [string, (file: Bytes) => boolean][] = [
  ["image/jpeg", isJpeg],
  ["image/png", isPng],
  ["image/gif", isGif],
  ["image/webp", isWebp],
];

// Reading beyond the end gives zeros, so that a truncated file fails a comparison instead of throwing.
class Bytes {
  readonly length: number;
  constructor(private readonly bytes: Uint8Array) {
    this.length = bytes.length;
  }
  u8(at: number): number {
    return this.bytes[at] ?? 0;
  }
  u16(at: number): number { // little-endian, as in all formats except JPEG and PNG
    return this.u8(at) | this.u8(at + 1) << 8;
  }
  u32(at: number): number {
    return (this.u16(at) | this.u16(at + 2) << 16) >>> 0;
  }
  u32be(at: number): number {
    return (this.u8(at) << 24 | this.u8(at + 1) << 16 | this.u8(at + 2) << 8 |
      this.u8(at + 3)) >>> 0;
  }
  text(from: number, to?: number): string { // one character per byte
    let text = "";
    for (const byte of this.bytes.subarray(from, to)) {
      text += String.fromCharCode(byte);
    }
    return text;
  }
  has(at: number, text: string): boolean {
    return at >= 0 && at + text.length <= this.length &&
      this.text(at, at + text.length) === text;
  }
  starts(text: string): boolean {
    return this.has(0, text);
  }
}

// Images --------------------------------------------------------------------------------------------------------------

// Parse segments up to the first scan. Compressed data follows, and cameras write more data after the end marker.
function isJpeg(file: Bytes): boolean {
  if (!file.starts("\xff\xd8\xff")) return false;
  let frame = false;
  for (let at = 2; at + 4 <= file.length;) {
    if (file.u8(at) !== 0xff) return false;
    const marker = file.u8(at + 1);
    if (marker === 0xff) { // padding
      at += 1;
      continue;
    }
    const other = [0xc4, 0xc8, 0xcc].includes(marker); // in the range of the frame markers, but not one
    if (marker >= 0xc0 && marker <= 0xcf && !other) frame = true;
    if (marker === 0xda) return frame && hasEnd(file, at);
    const length = file.u8(at + 2) << 8 | file.u8(at + 3);
    if (length < 2) return false;
    at += 2 + length;
  }
  return false;
}

function hasEnd(file: Bytes, from: number): boolean {
  for (let at = file.length - 2; at > from; at--) {
    if (file.u8(at) === 0xff && file.u8(at + 1) === 0xd9) return true;
  }
  return false;
}

function isPng(file: Bytes): boolean {
  if (!file.starts("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")) return false;
  for (let at = 8; at + 12 <= file.length;) {
    const end = at + 12 + file.u32be(at);
    if (file.has(at + 4, "IEND")) return end === file.length;
    at = end;
  }
  return false;
}

function isGif(file: Bytes): boolean {
  if (!file.starts("GIF87a") && !file.starts("GIF89a")) return false;
  const colours = (flags: number) => flags & 0x80 ? 3 << (flags & 7) + 1 : 0;
  const skipBlocks = (at: number) => {
    while (file.u8(at) !== 0) at += 1 + file.u8(at);
    return at + 1;
  };
  let image = false;
  for (let at = 13 + colours(file.u8(10)); at < file.length;) {
    const kind = file.u8(at);
    if (kind === 0x3b) return image && at + 1 === file.length;
    if (kind === 0x21) { // extension
      at = skipBlocks(at + 2);
    } else if (kind === 0x2c) { // image
      image = true;
      at = skipBlocks(at + 11 + colours(file.u8(at + 9)));
    } else {
      return false;
    }
  }
  return false;
}

function isWebp(file: Bytes): boolean {
  return file.starts("RIFF") && file.has(8, "WEBP") &&
    ["VP8 ", "VP8L", "VP8X"].some((chunk) => file.has(12, chunk)) &&
    file.u32(4) + 8 === file.length;
}

// Office documents ----------------------------------------------------------------------------------------------------

// The offset of the end record of a ZIP archive that ends where this file ends.
function endOfArchive(file: Bytes): number | null {
  const earliest = Math.max(0, file.length - 22 - 0xffff); // 22 bytes and a comment
  for (let at = file.length - 22; at >= earliest; at--) {
    if (
      file.u32(at) === 0x06054b50 && at + 22 + file.u16(at + 20) === file.length
    ) return at;
  }
  return null;
}

// By the names in the central directory, which must come directly before its end record, without other data around it.
function officeOpenXml(file: Bytes): string | null {
  const end = endOfArchive(file);
  if (end === null) return null;
  const start = file.u32(end + 16);
  if (start + file.u32(end + 12) !== end) return null;

  const names = new Set<string>();
  let at = start;
  for (let entry = file.u16(end + 10); entry > 0; entry--) {
    if (file.u32(at) !== 0x02014b50) return null;
    names.add(file.text(at + 46, at + 46 + file.u16(at + 28)));
    at += 46 + file.u16(at + 28) + file.u16(at + 30) + file.u16(at + 32);
  }
  if (at !== end || !names.has("[Content_Types].xml")) return null;
  for (const name of names) {
    // A file with macros is a docm or xlsm; a path that leads out of the archive is an attack.
    if (/vbaProject\.bin$/i.test(name) || /^[/\\]|\.\.[/\\]/.test(name)) {
      return null;
    }
  }
  const word = names.has("word/document.xml");
  const excel = names.has("xl/workbook.xml");
  if (word === excel) return null;
  return word
    ? "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
}

// By the streams in the root of an OLE2 compound file ([MS-CFB]); only the root, because a document may embed others.
function compound(file: Bytes): string | null {
  const shift = file.u16(30);
  if (shift !== 9 && shift !== 12) return null;
  const size = 1 << shift;
  const offset = (sector: number) => (sector + 1) * size;

  // The sectors of the allocation table: the first 109 are listed in the header, the others in a separate chain.
  const tables = Array.from({ length: 109 }, (_, n) => file.u32(76 + 4 * n));
  for (
    let list = file.u32(68);
    list <= LAST && tables.length * size < file.length;
    list = file.u32(offset(list + 1) - 4)
  ) {
    for (let n = 0; n < size / 4 - 1; n++) {
      tables.push(file.u32(offset(list) + 4 * n));
    }
  }
  const next = (sector: number) => {
    const table = tables[Math.floor(sector / (size / 4))] ?? END;
    return table > LAST ? END : file.u32(offset(table) + 4 * sector % size);
  };
  const directory: number[] = []; // offsets of the entries, 128 bytes each
  const seen = new Set<number>();
  for (
    let sector = file.u32(48);
    sector <= LAST && offset(sector + 1) <= file.length && !seen.has(sector);
    sector = next(sector)
  ) {
    seen.add(sector);
    for (let at = 0; at < size; at += 128) directory.push(offset(sector) + at);
  }
  if (directory.length === 0 || file.u8(directory[0] + 66) !== 5) return null; // 5: the root

  const streams = new Set<string>();
  const visited = new Set<number>();
  const pending = [file.u32(directory[0] + 76)];
  while (pending.length > 0) {
    const id = pending.pop()!;
    if (id >= directory.length || visited.has(id)) continue;
    visited.add(id);
    const at = directory[id];
    pending.push(file.u32(at + 68), file.u32(at + 72)); // its left and right siblings
    if (file.u8(at + 66) === 2) {
      const length = Math.max(0, Math.min(file.u16(at + 64) - 2, 62));
      streams.add(file.text(at, at + length).replaceAll("\0", ""));
    }
  }
  const word = streams.has("WordDocument");
  const excel = streams.has("Workbook") || streams.has("Book");
  if (word === excel) return null;
  return word ? "application/msword" : "application/vnd.ms-excel";
}

const LAST = 0xfffffffa; // the highest number of a sector
const END = 0xfffffffe; // the end of a chain
