import * as v from "valibot";

export const Positive = v.pipe(v.number(), v.integer(), v.minValue(1));
export const Octal = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value)),
  v.regex(/^0?[0-7]{3}$/, "is not an octal mode such as 0775"),
  v.transform((value) => Number.parseInt(value, 8)),
);
export const Size = v.pipe(
  v.string(),
  v.regex(/^\d+(\.\d+)?\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/, "is not a size such as 2GB"),
);
export const Url = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^/\s]+/, "is not a URL such as http://127.0.0.1:8091"),
);
/** `off` is a boolean in YAML 1.1. */
export const Switch = v.pipe(
  v.union([v.boolean(), v.picklist(["on", "off"])]),
  v.transform((value): "on" | "off" => (value === true || value === "on" ? "on" : "off")),
);
