import { lstat, realpath, unlink } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { TokenFileSchema } from "../schema/token.ts";
import { isMissing } from "./files.ts";
import { parseJson } from "./json-file.ts";
import type { Lake } from "./lake.ts";
import { tokenFile } from "./layout.ts";
import { readOwnFile } from "./own-file.ts";
import { importTokens, readTokens, type TokenStore } from "./tokens.ts";

/** Where tokens may be kept: in the file of the settings, else in a folder of this account's home. */
export interface TokenPlaces {
  file: string | undefined;
  own: { home: string; path: string } | undefined;
}

/**
 * The store of a lake's tokens, with those that version 0.1.0 kept in the lake; undefined for an account without a
 * home where there are none. Throws `permission_denied` for tokens in the lake that others can have written there.
 */
export async function openTokenStore(
  lake: Lake,
  places: TokenPlaces,
  onMove: (message: string) => void,
): Promise<TokenStore | undefined> {
  const store = await findTokenStore(lake, places);
  const old = lake.layout.oldTokens;
  if (store !== undefined && (await readTokens(store)) !== undefined) return store;
  const isThere = await lstat(old).then(
    () => true,
    (error) => !isMissing(error),
  );
  if (!isThere) return store;
  if (store === undefined) throw noStore();
  const tokens = await readOld(old);
  await importTokens(store, tokens);
  onMove(`the tokens of ${old} have been moved to ${store.path}, which only this account can replace`);
  return store;
}

/** Removes what was taken over, once no server of the old version can miss it. */
export async function removeOldTokens(lake: Lake): Promise<void> {
  await unlink(lake.layout.oldTokens).catch(() => {}); // it is not read any more
}

export function noStore(): AppError {
  return new AppError(
    "invalid_config",
    "there is no place for tokens: this account has no home; name a file with serve.tokens (DATALAKE_SERVE_TOKENS)",
  );
}

/** Where a lake's tokens are kept, whether there are any or not; undefined for an account without a home. */
export async function findTokenStore(
  lake: Lake,
  { file, own }: TokenPlaces,
): Promise<TokenStore | undefined> {
  const { view } = lake;
  if (file !== undefined) return { path: file, anchor: "/", view };
  if (own === undefined) return undefined;
  const home = await realpath(own.home);
  return { path: tokenFile(home, own.path, await realpath(lake.root)), anchor: home, view };
}

async function readOld(path: string) {
  try {
    const file = await readOwnFile(path);
    return file === undefined ? [] : parseJson(path, file.text, TokenFileSchema).tokens;
  } catch (cause) {
    throw new AppError(
      "permission_denied",
      `${path} was not written by this account and may contain anyone's tokens; remove it, and create the tokens again with \`datalake token create\``,
      { cause, details: { path } },
    );
  }
}
