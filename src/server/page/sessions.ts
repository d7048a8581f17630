import { randomBytes } from "node:crypto";
import { hashToken } from "../../lake/tokens.ts";
import type { Access, Caller } from "../auth/access.ts";

/** Sessions of browsers, which cannot send a header with every image: a cookie stands for a token while that is valid. */
export interface Sessions {
  /** The cookie of a new session for a token; undefined where the token is not valid. */
  begin(token: string, isSecure: boolean): { caller: Caller; cookie: string } | undefined;
  /** Who a request's cookies stand for. */
  callerOf(cookies: string | null): Caller | undefined;
  /** Ends the session of these cookies; gives the cookie that removes it. */
  end(cookies: string | null): string;
}

const HOURS = 12;
const MAX_SESSIONS = 10_000;

/** `lakeId` is part of the cookie's name: browsers share cookies between the ports of a host. */
export function createSessions(access: Access, lakeId: string): Sessions {
  const name = `datalake-${lakeId}`;
  const sessions = new Map<string, { header: string; endsMs: number }>();
  const idOf = (cookies: string | null) =>
    (cookies ?? "")
      .split(";")
      .map((pair) => pair.trim().split("="))
      .find(([key]) => key === name)?.[1];
  const keyOf = (id: string) => hashToken(id);
  return {
    begin: (token, isSecure) => {
      const header = `Bearer ${token}`;
      const caller = access.callerOf(header);
      if (caller === undefined || caller.name === undefined) return undefined;
      const [oldest] = sessions.keys();
      if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      const id = randomBytes(32).toString("base64url");
      sessions.set(keyOf(id), { header, endsMs: Date.now() + HOURS * 3_600_000 });
      const secure = isSecure ? "; Secure" : "";
      return {
        caller,
        cookie: `${name}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${HOURS * 3600}${secure}`,
      };
    },
    callerOf: (cookies) => {
      const id = idOf(cookies);
      const session = id === undefined ? undefined : sessions.get(keyOf(id));
      if (session === undefined || id === undefined) return undefined;
      if (session.endsMs > Date.now()) return access.callerOf(session.header);
      sessions.delete(keyOf(id));
      return undefined;
    },
    end: (cookies) => {
      const id = idOf(cookies);
      if (id !== undefined) sessions.delete(keyOf(id));
      return `${name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
    },
  };
}
