import { expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { createOpenRequests } from "../../src/server/auth/open-requests.ts";

function makePlaces(maxRequests: number, maxRequestsPerCaller: number) {
  const open = new Set<Request>();
  const places = createOpenRequests({ maxRequests, maxRequestsPerCaller, isOpen: (one) => open.has(one) });
  return (caller: string) => {
    const request = new Request("http://127.0.0.1/");
    const done = places.enter(request, caller);
    if (done instanceof AppError) return done.message;
    open.add(request);
    return { done, end: () => open.delete(request) };
  };
}

test("a place is taken while there is work for it, though its asker hung up, and while its answer is read", () => {
  const enter = makePlaces(10, 1);
  const first = enter("kim") as Exclude<ReturnType<typeof enter>, string>;
  first.end();
  expect(enter("kim")).toContain("serve.max_requests_per_token");
  first.done();
  const second = enter("kim") as typeof first;
  second.done();
  expect(enter("kim")).toContain("serve.max_requests_per_token");
  second.end();
  expect(enter("kim")).toHaveProperty("done");
});

test("places of all callers are found again when one more asks", () => {
  const enter = makePlaces(3, 2);
  const taken = ["kim", "kim", "lee"].map((caller) => enter(caller) as { done(): void; end(): void });
  expect(enter("park")).toContain("(serve.max_requests)");
  for (const { done, end } of taken) {
    done();
    end();
  }
  expect([enter("park"), enter("park"), enter("kim")].every((one) => typeof one !== "string")).toBe(true);
  expect(enter("lee")).toContain("(serve.max_requests)");
});
