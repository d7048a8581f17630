import { signal } from "@preact/signals";
import type { SessionDocument } from "../../schema/page-documents.ts";
import type { Role } from "../../schema/token.ts";
import { lostSession, type RequestFailure, request } from "../api/request.ts";

/** Who is looking at which lake; undefined until the server has said. */
export const session = signal<SessionDocument | undefined>(undefined);
/** Why the server did not say. */
export const sessionFailure = signal<RequestFailure | undefined>(undefined);

/** The session of this tab has ended without a wish: it expired, or its token is not valid any more. */
export const hasEnded = signal(false);

export async function loadSession(): Promise<void> {
  try {
    const fresh = await request<SessionDocument>("/session");
    // Several requests may find out together: who asks second is told the same, and that it ended stays said.
    hasEnded.value = fresh.login !== "done" && (hasEnded.peek() || session.peek()?.login === "done");
    session.value = fresh;
    sessionFailure.value = undefined;
  } catch (failure) {
    sessionFailure.value = failure as RequestFailure;
  }
}

/** Throws where the token is not known. */
export async function logIn(token: string): Promise<void> {
  session.value = await request<SessionDocument>("/session", { method: "POST", body: { token } });
  hasEnded.value = false;
}

export async function logOut(): Promise<void> {
  await request("/session", { method: "DELETE" });
  session.value = undefined;
  await loadSession();
}

/** Asks again who is looking when the server has forgotten. */
export function followSession(): void {
  lostSession.subscribe((count) => {
    if (count > 0) void loadSession();
  });
}

const ROLES: readonly Role[] = ["reader", "curator", "admin"];

/** Whether the one who looks may do what needs that role: what one may not do is not offered. */
export function may(wanted: Role): boolean {
  const role = session.value?.role;
  return role !== undefined && role !== null && ROLES.indexOf(role) >= ROLES.indexOf(wanted);
}
