export const BASE = "/ui";

export type Parameters = Record<string, string | number | readonly string[] | undefined>;

/** The URL of a view. Parameters without a value are left out; lists are repeated. */
export function urlOf(path: string, parameters: Parameters | URLSearchParams = {}): string {
  const query = parameters instanceof URLSearchParams ? parameters : queryOf(parameters);
  const text = query.toString();
  return `${BASE}${path}${text === "" ? "" : `?${text}`}`;
}

export function queryOf(parameters: Parameters): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") query.append(name, String(one));
    }
  }
  return query;
}
