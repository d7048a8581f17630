import { useEffect, useRef, useState } from "preact/hooks";
import type { OperationState, RunRecord } from "../../../schema/operation.ts";
import { request } from "../../api/request.ts";
import { type Loaded, useDocument } from "../../api/use-document.ts";
import type { ToldFailure } from "../../parts/failure-text.tsx";

/** The routes of an operation whose last result the lake keeps. */
export interface LastRunRoutes {
  start: string;
  item: string;
  idName: string;
}

type State = Pick<OperationState, "status" | "error"> & Record<string, unknown>;
interface LastRun {
  last: RunRecord | null;
  running: State | null;
}

const POLL_MS = 1000;

export const VERIFY: LastRunRoutes = {
  start: "/validate-assets",
  item: "/validations",
  idName: "validation_id",
};
export const DOCTOR: LastRunRoutes = {
  start: "/operations/doctor",
  item: "/operations/doctor",
  idName: "id",
};

/** The last run and the one going on, whoever began it; it goes on when the screen is left. */
export function useLastRun({ start, item, idName }: LastRunRoutes, isAllowed = true) {
  const [version, setVersion] = useState(0);
  const [problem, setProblem] = useState<ToldFailure>();
  const loaded: Loaded<LastRun> = useDocument<LastRun>(isAllowed ? `${item}/last` : undefined, {
    version,
    keep: true,
  });
  const running = loaded.value?.running ?? undefined;
  const id = running?.[idName] as string | undefined;
  const seen = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (loaded.isLoading) return;
    if (id !== undefined) {
      seen.current = id;
      const timer = setTimeout(() => setVersion(version + 1), POLL_MS);
      return () => clearTimeout(timer);
    }
    if (seen.current === undefined) return;
    // It has ended: with a result, which is the last now, or with a reason.
    request<State>(`${item}/${seen.current}`).then(({ status, error }) => {
      if (status === "failed") setProblem(error);
    }, setProblem);
    seen.current = undefined;
  }, [loaded.value, loaded.isLoading]);
  const act = (method: string, url: string, body?: object) => {
    setProblem(undefined);
    request(url, { method, ...(body && { body }) })
      .catch(setProblem)
      .finally(() => setVersion((count) => count + 1));
  };
  return {
    last: loaded.value?.last ?? undefined,
    isLoaded: loaded.value !== undefined,
    running,
    problem: problem ?? loaded.failure,
    begin: (body: object) => act("POST", start, body),
    stop: () => id !== undefined && act("DELETE", `${item}/${id}`),
  };
}

export type LastRunState = ReturnType<typeof useLastRun>;
