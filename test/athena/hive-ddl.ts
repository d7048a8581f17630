/** The statements of Hive's DDL that a sync gives to Athena, as Trino's Hive connector takes them. */

const NAME = "`((?:[^`]|``)*)`";
const TEXT = "'((?:[^'\\\\]|\\\\.)*)'";

/** Trino's statement for one of Hive's, in a catalog; undefined for what is no DDL. */
export function fromHive(sql: string, catalog: string): string[] | undefined {
  const table = (schema = "", name = "") => `${catalog}.${quote(schema)}.${quote(name)}`;
  const at = (pattern: string) => new RegExp(`^${pattern}$`, "s").exec(sql);
  const database = at(`CREATE DATABASE IF NOT EXISTS ${NAME}`);
  // Athena's tables lie where they say; Trino wants a place for its schema, which nothing is put into.
  if (database) return [`CREATE SCHEMA IF NOT EXISTS ${catalog}.${quote(unescapeName(database[1]))}`];
  const created = at(
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${NAME}\\.${NAME} \\((.*)\\) PARTITIONED BY \\((.*)\\) STORED AS PARQUET LOCATION ${TEXT}`,
  );
  if (created) {
    const [, schema, name, columns = "", keys = "", location] = created;
    const partitioned = fieldsOf(keys).map(({ name: key }) => literal(key));
    const fields = [...fieldsOf(columns), ...fieldsOf(keys)].map(
      (field) => `${quote(field.name)} ${trinoType(field.type)}`,
    );
    return [
      `CREATE TABLE IF NOT EXISTS ${table(unescapeName(schema), unescapeName(name))} (${fields.join(", ")}) ` +
        `WITH (external_location = ${literal(unescapeText(location))}, format = 'PARQUET', partitioned_by = ARRAY[${partitioned.join(", ")}])`,
    ];
  }
  const dropped = at(`DROP TABLE IF EXISTS ${NAME}\\.${NAME}`);
  if (dropped) return [`DROP TABLE IF EXISTS ${table(unescapeName(dropped[1]), unescapeName(dropped[2]))}`];
  const altered = at(`ALTER TABLE ${NAME}\\.${NAME} (.*)`);
  if (!altered) return undefined;
  const [schema, name, change = ""] = [unescapeName(altered[1]), unescapeName(altered[2]), altered[3]];
  if (change.startsWith("ADD COLUMNS (")) {
    return fieldsOf(change.slice("ADD COLUMNS (".length, -1)).map(
      (field) =>
        `ALTER TABLE ${table(schema, name)} ADD COLUMN ${quote(field.name)} ${trinoType(field.type)}`,
    );
  }
  const parts = [
    ...change.matchAll(
      /PARTITION \(((?:[^'()]|'(?:[^'\\]|\\.)*')*)\)(?:( SET)? LOCATION '((?:[^'\\]|\\.)*)')?/gs,
    ),
  ];
  return parts.flatMap(([, spec = "", , location]) => {
    const values = [...spec.matchAll(new RegExp(`${NAME} = (?:${TEXT}|(\\d+))`, "g"))];
    const call = (procedure: string, where?: string) =>
      `CALL ${catalog}.system.${procedure}(${[
        literal(schema),
        literal(name),
        `ARRAY[${values.map(([, key]) => literal(unescapeName(key))).join(", ")}]`,
        `ARRAY[${values.map(([, , text, number]) => literal(number ?? unescapeText(text))).join(", ")}]`,
        ...(where === undefined ? [] : [literal(unescapeText(where))]),
      ].join(", ")})`;
    if (change.startsWith("DROP")) return [call("unregister_partition")];
    if (change.startsWith("ADD")) return [call("register_partition", location ?? "")];
    return [call("unregister_partition"), call("register_partition", location ?? "")];
  });
}

/** What `IF NOT EXISTS` and `IF EXISTS` pass over. */
export function isPassedOver(hive: string, message: string): boolean {
  if (/ ADD IF NOT EXISTS /.test(hive)) return /already (registered|exists)/i.test(message);
  return / DROP IF EXISTS /.test(hive) && /does not exist|not found/i.test(message);
}

/** `` `a` bigint, `b` struct<`x`:string> `` as names and types. */
function fieldsOf(text: string): { name: string; type: string }[] {
  const fields: { name: string; type: string }[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  const take = (end: number) => {
    const [, name = "", type = ""] = new RegExp(`^\\s*${NAME} (.*)$`, "s").exec(text.slice(start, end)) ?? [];
    if (type !== "") fields.push({ name: unescapeName(name), type });
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "`") quoted = !quoted;
    else if (quoted) continue;
    else if (character === "<" || character === "(") depth++;
    else if (character === ">" || character === ")") depth--;
    else if (character === "," && depth === 0) {
      take(at);
      start = at + 1;
    }
  }
  take(text.length);
  return fields;
}

const SCALARS: Record<string, string> = {
  string: "varchar",
  float: "real",
  int: "integer",
  binary: "varbinary",
  timestamp: "timestamp(3)",
};

/** Trino's name of a type of Hive. */
function trinoType(hive: string): string {
  const type = hive.trim();
  const list = /^array<(.*)>$/s.exec(type)?.[1];
  if (list !== undefined) return `array(${trinoType(list)})`;
  const struct = /^struct<(.*)>$/s.exec(type)?.[1];
  if (struct === undefined) return SCALARS[type] ?? type;
  const fields = splitFields(struct).map((field) => {
    const [, name = "", inner = ""] = /^\s*`?((?:[^`:]|``)*)`?\s*:(.*)$/s.exec(field) ?? [];
    return `${quote(unescapeName(name))} ${trinoType(inner)}`;
  });
  return `row(${fields.join(", ")})`;
}

function splitFields(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "<" || text[at] === "(") depth++;
    else if (text[at] === ">" || text[at] === ")") depth--;
    else if (text[at] === "," && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function unescapeName(text = ""): string {
  return text.replaceAll("``", "`");
}

function unescapeText(text = ""): string {
  return text.replace(/\\(.)/gs, "$1");
}
