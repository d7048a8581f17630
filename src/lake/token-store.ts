import { lstat, realpath, unlink } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { TokenFileSchema } from "../schema/token.ts";
import { isMissing } from "./files.ts";
import { parseJson } from "./json-file.ts";
import type { Lake } from "./lake.ts";
import { tokenFile } from "./layout.ts";
import { readOwnFile } from "./own-file.ts";
import { importTokens, readTokens, type TokenStore } from "./tokens.ts";

/** Where tokens are stored: in the configured file, or in a folder of this account's home. */
export interface TokenPlaces {
  file: string | undefined;
  own: { home: string; path: string } | undefined;
}

/**
 * The token store of a lake, importing tokens that version 0.1.0 kept in the lake; undefined for an account
 * without a home if there are none. Throws `permission_denied` for old tokens that others could have written.
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

/** Removes imported tokens once no server of the old version can need them. */
export async function removeOldTokens(lake: Lake): Promise<void> {
  await unlink(lake.layout.oldTokens).catch(() => {}); // no longer read
}

export function noStore(): AppError {
  return new AppError(
    "invalid_config",
    "there is no place for tokens: this account has no home; name a file with serve.tokens (DATALAKE_SERVE_TOKENS)",
  );
}

/** Location of a lake's tokens, whether or not they exist; undefined for an account without a home. */
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
