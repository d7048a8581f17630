/** Field numbers of the tables in arrow/format/Message.fbs, Schema.fbs and File.fbs. */
const MESSAGE = { headerType: 1, header: 2 };
const BATCH = { nodes: 1, buffers: 2, variadicCounts: 4 };
const DICTIONARY_DATA = 1;
const SCHEMA = { fields: 1, custom: 2 };
const FIELD = { name: 0, type: 2, children: 5, custom: 6 };
const FOOTER = { schema: 1, dictionaries: 2, batches: 3 };
const HEADERS = { schema: 1, dictionary: 2, batch: 3 };
const NODE_BYTES = 16;
const BLOCK_BYTES = 24;
const MAX_DEPTH = 64;
/** Of a schema, those inside others too: one may be listed in many places. */
const MAX_FIELDS = 100_000;

/**
 * Whether the lists of a message's metadata fit into it. The library believes their lengths and reads so many
 * elements, wherever they would lie: millions, of one wrong byte. Throws `RangeError` for places outside.
 */
export function fitsMetadata(metadata: Uint8Array): boolean {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const message = view.getUint32(0, true);
  const header = follow(view, message, MESSAGE.header);
  const typeAt = place(view, message, MESSAGE.headerType);
  if (header === undefined || typeAt === undefined) return false;
  const batchFits = (batch: number | undefined) =>
    batch !== undefined &&
    fits(view, batch, BATCH.nodes, NODE_BYTES) &&
    fits(view, batch, BATCH.buffers, NODE_BYTES) &&
    fits(view, batch, BATCH.variadicCounts, 8);
  switch (view.getUint8(typeAt)) {
    case HEADERS.schema:
      return schemaFits(view, header);
    case HEADERS.dictionary:
      return batchFits(follow(view, header, DICTIONARY_DATA));
    case HEADERS.batch:
      return batchFits(header);
    default:
      return true;
  }
}

/** The same of a file's footer. */
export function fitsFooter(metadata: Uint8Array): boolean {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const footer = view.getUint32(0, true);
  const schema = follow(view, footer, FOOTER.schema);
  return (
    schema !== undefined &&
    schemaFits(view, schema) &&
    fits(view, footer, FOOTER.dictionaries, BLOCK_BYTES) &&
    fits(view, footer, FOOTER.batches, BLOCK_BYTES)
  );
}

const TYPES = { list: 12, struct: 13, largeList: 21, runEnds: 22, listView: 25, largeListView: 26 };

/**
 * Names types that the library does not know otherwise, in the bytes of a schema that fits: views of lists are lists,
 * and others objects of what is in them. For those who ask what the fields are, not for reading values.
 */
export function nameKnownTypes(metadata: Uint8Array): void {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const name = (table: number, list: number) => {
    const vector = follow(view, table, list);
    const count = vector === undefined ? 0 : view.getUint32(vector, true);
    for (let at = 0; at < count; at++) {
      const entry = (vector ?? 0) + 4 + 4 * at;
      const field = entry + view.getUint32(entry, true);
      const typeAt = place(view, field, FIELD.type);
      if (typeAt !== undefined) view.setUint8(typeAt, knownType(view.getUint8(typeAt)));
      name(field, FIELD.children);
    }
  };
  const header = follow(view, view.getUint32(0, true), MESSAGE.header);
  if (header !== undefined) name(header, SCHEMA.fields);
}

function knownType(type: number): number {
  if (type === TYPES.listView) return TYPES.list;
  if (type === TYPES.largeListView) return TYPES.largeList;
  return type === TYPES.runEnds || type > TYPES.largeListView ? TYPES.struct : type;
}

/** Its fields have names, and they are neither too many nor inside one another forever. */
function schemaFits(view: DataView, schema: number): boolean {
  let left = MAX_FIELDS;
  const fieldsFit = (table: number, list: number, depth: number): boolean => {
    if (depth > MAX_DEPTH || !fits(view, table, list, 4)) return false;
    const vector = follow(view, table, list);
    const count = vector === undefined ? 0 : view.getUint32(vector, true);
    for (let at = 0; at < count; at++) {
      const entry = (vector ?? 0) + 4 + 4 * at;
      const field = entry + view.getUint32(entry, true);
      if (--left < 0 || follow(view, field, FIELD.name) === undefined) return false;
      if (!fits(view, field, FIELD.name, 1) || !fits(view, field, FIELD.custom, 4)) return false;
      if (!fieldsFit(field, FIELD.children, depth + 1)) return false;
    }
    return true;
  };
  return fieldsFit(schema, SCHEMA.fields, 0) && fits(view, schema, SCHEMA.custom, 4);
}

/** Whether a list of a table ends inside of the metadata. */
function fits(view: DataView, table: number, field: number, elementBytes: number): boolean {
  const vector = follow(view, table, field);
  return vector === undefined || vector + 4 + view.getUint32(vector, true) * elementBytes <= view.byteLength;
}

/**
 * Where a table keeps a field; undefined for one that it lacks (flatbuffers: a table begins with its vtable's
 * distance).
 */
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
