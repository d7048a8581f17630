/** What the boxes and the codestream of JPEG 2000 say before anything is decoded (ISO/IEC 15444-1, annexes A and I). */
export interface Jp2Header {
  /** Of the reference grid that is seen, in pixels. */
  width: number;
  height: number;
  components: Jp2Component[];
  /** Where the codestream begins. */
  codestream: number;
  colour: "grey" | "rgb" | "ycc" | "cmyk" | undefined;
  /** ICC. */
  profile: Uint8Array | undefined;
  /** Where samples are numbers of colours: of how many channels these are. */
  palette: number | undefined;
  /** What channels are for, where the file says it. */
  channels: Jp2Channel[] | undefined;
}

/** A channel of a box "cdef". */
export interface Jp2Channel {
  component: number;
  use: "colour" | "alpha" | "premultiplied alpha" | undefined;
  /** From 1: red, green and blue; 0 is the whole image. */
  colour: number;
}

export interface Jp2Component {
  /** 1 to 38. */
  bits: number;
  signed: boolean;
  /** Pixels of the grid to a sample. */
  across: number;
  down: number;
}

const SIGNATURE_BOX = 0x6a502020; // "jP  "
const HEADER_BOX = 0x6a703268; // jp2h
const COLOUR_BOX = 0x636f6c72; // colr
const PALETTE_BOX = 0x70636c72; // pclr
const CHANNELS_BOX = 0x63646566; // cdef
const CODESTREAM_BOX = 0x6a703263; // jp2c
const START_AND_SIZE = 0xff4fff51; // SOC, SIZ
const USES: Record<number, Jp2Channel["use"]> = { 0: "colour", 1: "alpha", 2: "premultiplied alpha" };
const ENUMERATED: Record<number, Jp2Header["colour"]> = { 12: "cmyk", 16: "rgb", 17: "grey", 18: "ycc" };
const ICC_SPACES: Record<string, Jp2Header["colour"]> = { GRAY: "grey", "RGB ": "rgb", CMYK: "cmyk" };

type FoundBoxes = Pick<Jp2Header, "colour" | "profile" | "palette" | "channels">;

/** Undefined for what is no JPEG 2000, or ends within its headers. */
export function readJp2Header(bytes: Uint8Array): Jp2Header | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const found: FoundBoxes = {
      colour: undefined,
      profile: undefined,
      palette: undefined,
      channels: undefined,
    };
    if (view.getUint32(0) === START_AND_SIZE) return readSize(view, 0, found);
    if (view.getUint32(4) !== SIGNATURE_BOX) return undefined;
    for (const { type, start, end } of boxes(view, 0, view.byteLength)) {
      if (type === HEADER_BOX) readBoxes(view, { start, end }, found);
      if (type === CODESTREAM_BOX) return readSize(view, start, found);
    }
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function* boxes(
  view: DataView,
  from: number,
  to: number,
): Generator<{ type: number; start: number; end: number }> {
  for (let at = from; at + 8 <= to; ) {
    const [short, type] = [view.getUint32(at), view.getUint32(at + 4)];
    const start = short === 1 ? at + 16 : at + 8;
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? to - at : short;
    if (size < start - at) return;
    yield { type, start, end: Math.min(to, at + size) };
    at += size;
  }
}

function readBoxes(view: DataView, { start, end }: { start: number; end: number }, found: FoundBoxes): void {
  for (const box of boxes(view, start, end)) {
    if (box.type === PALETTE_BOX) found.palette = view.getUint8(box.start + 2);
    if (box.type === CHANNELS_BOX) found.channels = readChannels(view, box.start);
    if (box.type !== COLOUR_BOX || found.colour !== undefined) continue; // the first is meant
    const method = view.getUint8(box.start);
    if (method === 1) found.colour = ENUMERATED[view.getUint32(box.start + 3)];
    else if (method === 2 || method === 3) {
      const profile = new Uint8Array(view.buffer, view.byteOffset + box.start + 3, box.end - box.start - 3);
      found.colour = ICC_SPACES[Buffer.from(profile.subarray(16, 20)).toString("latin1")];
      found.profile = profile;
    }
  }
}

function readChannels(view: DataView, start: number): Jp2Channel[] {
  return Array.from({ length: view.getUint16(start) }, (_, index): Jp2Channel => {
    const at = start + 2 + index * 6;
    return {
      component: view.getUint16(at),
      use: USES[view.getUint16(at + 2)],
      colour: view.getUint16(at + 4),
    };
  });
}

function readSize(view: DataView, at: number, found: FoundBoxes): Jp2Header | undefined {
  if (view.getUint32(at) !== START_AND_SIZE) return undefined;
  const [right, bottom] = [view.getUint32(at + 8), view.getUint32(at + 12)];
  const [left, top] = [view.getUint32(at + 16), view.getUint32(at + 20)];
  const components = Array.from({ length: view.getUint16(at + 40) }, (_, index): Jp2Component => {
    const from = at + 42 + index * 3;
    const depth = view.getUint8(from);
    return {
      bits: (depth & 0x7f) + 1,
      signed: depth > 0x7f,
      across: view.getUint8(from + 1),
      down: view.getUint8(from + 2),
    };
  });
  return { width: right - left, height: bottom - top, components, codestream: at, ...found };
}
