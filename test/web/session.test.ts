import { afterEach, expect, test } from "bun:test";
import type { SessionDocument } from "../../src/schema/page-documents.ts";
import { request } from "../../src/web/api/request.ts";
import { followSession, hasEnded, loadSession, logIn, logOut, session } from "../../src/web/state/session.ts";

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
});

/** A server that knows the one who asks, or not. */
function serveSession(state: { isKnown: boolean }) {
  const answer = async (url: string, { method }: RequestInit = {}) => {
    if (url !== "/session") return new Response("{}", { status: state.isKnown ? 200 : 401 });
    if (method !== undefined && method !== "GET") state.isKnown = method === "POST";
    const login: SessionDocument["login"] = state.isKnown ? "done" : "needed";
    return Response.json({ login, role: state.isKnown ? "reader" : null });
  };
  globalThis.fetch = answer as typeof globalThis.fetch;
}

test("that a session ended is said however many requests find out, until the next login", async () => {
  const state = { isKnown: true };
  serveSession(state);
  followSession();
  await loadSession();
  expect([session.value?.login, hasEnded.value]).toEqual(["done", false]);
  state.isKnown = false;
  await Promise.allSettled([request("/status"), request("/jobs"), request("/uploads")]);
  await loadSession();
  expect([session.value?.login, hasEnded.value]).toEqual(["needed", true]);
  await logIn("dl_again");
  expect([session.value?.login, hasEnded.value]).toEqual(["done", false]);
  await logOut();
  expect([session.value?.login, hasEnded.value]).toEqual(["needed", false]);
});
