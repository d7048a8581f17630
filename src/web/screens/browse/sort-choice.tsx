import { address, change } from "../../state/address.ts";
import { texts } from "../../texts/texts.ts";

/** In the order in which they are offered; without a name by place. */
const ORDERS = [
  "",
  "-uploaded",
  "source_name",
  "-image.pixels",
  "image.pixels",
  "-bytes",
  "-label.regions",
  "label.regions",
  "-label.characters",
  "label.characters",
] as const;

/** What the rows are sorted by. */
export function SortChoice() {
  const { sorting, orders } = texts();
  const sort = address.value.query.get("sort") ?? "";
  const known: readonly string[] = ORDERS;
  return (
    <label class="sort">
      <span class="quiet">{sorting}</span>{" "}
      <select
        value={sort}
        onChange={({ currentTarget }) => change({ sort: currentTarget.value, at: undefined })}
      >
        {ORDERS.map((name) => (
          <option key={name} value={name}>
            {orders[name]}
          </option>
        ))}
        {!known.includes(sort) && <option value={sort}>{sort}</option>}
      </select>
    </label>
  );
}
