import { tokenPlaces } from "../config.ts";
import { AppError } from "../errors.ts";
import { exists } from "../lake/files.ts";
import { findTokenStore } from "../lake/token-store.ts";
import { readTokens } from "../lake/tokens.ts";
import { formatQuantity } from "../util/format.ts";
import type { Check } from "./check.ts";

/** Checks that no other account can replace the tokens of this account's server. */
export const tokenCheck: Check = {
  name: "tokens",
  run: async ({ lake, settings }) => {
    const { oldTokens } = lake.layout;
    try {
      const store = await findTokenStore(lake, tokenPlaces(settings));
      const known = store === undefined ? undefined : await readTokens(store);
      if (known !== undefined && store !== undefined) {
        return `${formatQuantity(known.tokens.length, "token")} in ${store.path}, of this account's server`;
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return [{ status: "problem", message: error.message, details: { ...error.details } }];
    }
    if (!(await exists(oldTokens))) return "none of this account's";
    const message = `${oldTokens} contains tokens of version 0.1.0, which anyone with write access there can replace`;
    const advice = "start the server once to move them, or create new ones with `datalake token create`";
    return [{ status: "warning", message, advice, details: { path: oldTokens } }];
  },
};
