import { AppError } from "../../errors.ts";
import type { TokenStore } from "../../lake/tokens.ts";
import { nameProblem } from "../../schema/names.ts";
import { ROLES, type Role } from "../../schema/token.ts";
import { parseDuration } from "../../util/duration.ts";
import { formatTime } from "../../util/format.ts";
import { defineCommand, defineGroup, type Effects } from "../arguments/command.ts";
import { renderTable } from "../terminal/table.ts";

const ROLE_HINTS: Readonly<Record<Role, string>> = {
  reader: "search, SQL and download",
  curator: "also upload and process",
  admin: "also providers, tasks and the server itself",
};

async function openTokens({ openLake, settings, terminal }: Effects): Promise<TokenStore> {
  const { noStore, openTokenStore } = await import("../../lake/token-store.ts");
  const { tokenPlaces } = await import("../../config.ts");
  const lake = await openLake();
  const store = await openTokenStore(lake, tokenPlaces(settings), (text) => terminal.note(text));
  if (store === undefined) throw noStore();
  return store;
}

/** Tokens that another account makes are not those of a server that runs already. */
async function warnOfOtherServer({ openLake, terminal }: Effects): Promise<void> {
  const { findHolder } = await import("../../lake/holder.ts");
  const { ownerOfProcess } = await import("../../lake/account.ts");
  const holder = await findHolder(await openLake());
  const owner = holder?.isHere === true ? await ownerOfProcess(holder.pid) : undefined;
  if (holder?.url === undefined || owner === undefined || owner.uid === process.geteuid?.()) return;
  terminal.warn(
    `the server that holds this lake runs as ${owner.name} and reads the tokens of that account only; run this as ${owner.name}`,
  );
}

const create = defineCommand({
  summary: "Create a token for a person or program",
  positionals: ["[NAME]"],
  flags: {
    role: {
      type: "text",
      placeholder: "ROLE",
      values: ROLES,
      description: "Role of its owner: reader, curator or admin",
    },
    expires: {
      type: "text",
      placeholder: "TIME",
      description: "How long it is valid, such as 30d (default: no expiry)",
    },
  },
  examples: [
    "datalake token create kim --role curator --expires 90d",
    "datalake token create trainer-7 --role reader --json",
  ],
  run: async ({ flags, positionals }, effects) => {
    const lifetimeMs = flags.expires === undefined ? undefined : parseLifetime(flags.expires);
    const store = await openTokens(effects);
    const given = positionals[0] ?? (await askName(effects));
    const role = (flags.role as Role | undefined) ?? (await askRole(effects));
    const { createToken } = await import("../../lake/tokens.ts");
    const nowMs = Date.now();
    const expiresMs = lifetimeMs === undefined ? undefined : nowMs + lifetimeMs;
    const made = await createToken(store, { name: given, role, nowMs, expiresMs });
    await effects.audit(`${made.name} (${role})`);
    await warnOfOtherServer(effects);
    effects.terminal.note(
      `The token of ${made.name} (${role}${made.expires_at === null ? "" : `, until ${formatTime(made.expires_at)}`}). Shown only once; clients read it from DATALAKE_TOKEN or --token-file.`,
    );
    effects.terminal.result(made, () => made.token);
    return 0;
  },
});

const list = defineCommand({
  summary: "List the tokens with role and expiry, never the tokens themselves",
  flags: {},
  examples: ["datalake token list"],
  run: async (_, effects) => {
    const store = await openTokens(effects);
    const { readTokens } = await import("../../lake/tokens.ts");
    const stored = await readTokens(store);
    const tokens = (stored?.tokens ?? []).map(({ sha256: _hash, ...token }) => token);
    effects.terminal.result({ tokens, file: store.path }, () =>
      tokens.length === 0
        ? stored === undefined
          ? "No tokens yet; create one with `datalake token create`."
          : `No tokens are left, and a server asks for one; create one with \`datalake token create\`, or remove the file.\nStored in ${store.path}.`
        : `${renderTable(
            [{ title: "name" }, { title: "role" }, { title: "created" }, { title: "valid until" }],
            tokens.map(({ name, role, created_at, expires_at }) => [
              name,
              role,
              formatTime(created_at),
              expires_at === null ? "revocation" : endText(expires_at),
            ]),
          )}\nStored in ${store.path}.`,
    );
    return 0;
  },
});

const revoke = defineCommand({
  summary: "Revoke a token; the server refuses it at once",
  positionals: ["[NAME]"],
  flags: {},
  examples: ["datalake token revoke kim"],
  run: async ({ positionals }, effects) => {
    const { terminal } = effects;
    const store = await openTokens(effects);
    const { readTokens, revokeToken } = await import("../../lake/tokens.ts");
    const [given] = positionals;
    if (given === undefined && !terminal.interactive) throw missing("NAME");
    const known = (await readTokens(store))?.tokens ?? [];
    if (given === undefined && known.length === 0)
      throw new AppError("not_found", "there are no tokens to revoke");
    const name =
      given ??
      (await terminal.select(
        "Which token?",
        known.map((token) => ({ value: token.name, label: token.name, hint: token.role })),
      ));
    const revoked = await revokeToken(store, name);
    await effects.audit(revoked.name);
    terminal.result({ revoked: revoked.name }, () => `Revoked the token ${revoked.name}.`);
    return 0;
  },
});

function endText(expiresAt: string): string {
  return Date.parse(expiresAt) <= Date.now() ? `expired ${formatTime(expiresAt)}` : formatTime(expiresAt);
}

function parseLifetime(text: string): number {
  const lifetimeMs = parseDuration(text);
  if (lifetimeMs !== undefined && lifetimeMs > 0) return lifetimeMs;
  throw new AppError("usage", `--expires is a time such as 30d or 12h, not ${JSON.stringify(text)}`);
}

function missing(what: string): AppError {
  return new AppError("usage", `${what} is missing; add it, or run the command on a terminal to be asked`);
}

async function askName({ terminal }: Effects): Promise<string> {
  if (!terminal.interactive) throw missing("NAME");
  return terminal.text("Who is the token for?", { placeholder: "kim", check: nameProblem });
}

async function askRole({ terminal }: Effects): Promise<Role> {
  if (!terminal.interactive) throw missing("--role reader|curator|admin");
  return terminal.select<Role>(
    "Which role?",
    ROLES.map((role) => ({ value: role, label: role, hint: ROLE_HINTS[role] })),
  );
}

export const tokenCommand = defineGroup({
  summary: "Create, list and revoke access tokens of a server",
  subcommands: { create, list, revoke },
});
