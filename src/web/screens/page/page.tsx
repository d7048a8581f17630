import { useState } from "preact/hooks";
import type { PageDocument } from "../../../schema/page-documents.ts";
import { useDocument } from "../../api/use-document.ts";
import { Failure, Loading } from "../../parts/notice.tsx";
import { address } from "../../state/address.ts";
import { PageView } from "./page-view.tsx";

/** One row: its page with what its label says. */
export function PageScreen() {
  const [again, setAgain] = useState(0);
  const key = address.value.path.slice("/page/".length);
  const { value, failure } = useDocument<PageDocument>(`/pages/${key}`, { version: again, keep: true });
  if (failure) return <Failure failure={failure} onRetry={() => setAgain(again + 1)} />;
  return value ? <PageView page={value} /> : <Loading />;
}
