/** Field numbers of the tables in arrow/format/Message.fbs and Schema.fbs. */
const MESSAGE = { headerType: 1, header: 2 };
const BATCH = { nodes: 1, buffers: 2, variadicCounts: 4 };
const DICTIONARY_DATA = 1;
const SCHEMA_FIELDS = 1;
const HEADERS = { schema: 1, dictionary: 2, batch: 3 };
const NODE_BYTES = 16;

/**
 * Whether the lists of a message's metadata fit into it. The library believes their lengths and reads so many elements,
 * wherever they would lie: millions, of one wrong byte. Throws `RangeError` for places outside.
 */
export function fitsMetadata(metadata: Uint8Array): boolean {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const message = view.getUint32(0, true);
  const header = follow(view, message, MESSAGE.header);
  const typeAt = place(view, message, MESSAGE.headerType);
  if (header === undefined || typeAt === undefined) return false;
  const fits = (table: number, field: number, elementBytes: number) => {
    const vector = follow(view, table, field);
    if (vector === undefined) return true;
    return vector + 4 + view.getUint32(vector, true) * elementBytes <= metadata.byteLength;
  };
  const batchFits = (batch: number | undefined) =>
    batch !== undefined &&
    fits(batch, BATCH.nodes, NODE_BYTES) &&
    fits(batch, BATCH.buffers, NODE_BYTES) &&
    fits(batch, BATCH.variadicCounts, 8);
  switch (view.getUint8(typeAt)) {
    case HEADERS.schema:
      return fits(header, SCHEMA_FIELDS, 4);
    case HEADERS.dictionary:
      return batchFits(follow(view, header, DICTIONARY_DATA));
    case HEADERS.batch:
      return batchFits(header);
    default:
      return true;
  }
}

/** Where a table keeps a field; undefined for one that it lacks (flatbuffers: a table begins with its vtable's distance). */
function place(view: DataView, table: number, field: number): number | undefined {
  const vtable = table - view.getInt32(table, true);
  const slot = 4 + field * 2;
  const offset = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0;
  return offset === 0 ? undefined : table + offset;
}

function follow(view: DataView, table: number, field: number): number | undefined {
  const at = place(view, table, field);
  return at === undefined ? undefined : at + view.getUint32(at, true);
}
