import { useState } from "preact/hooks";
import type { JobRecord } from "../../../schema/job.ts";
import type { ListedUpload, UploadList } from "../../../schema/upload-list.ts";
import { type RequestFailure, request } from "../../api/request.ts";
import { useDocument } from "../../api/use-document.ts";
import { FailureText } from "../../parts/failure-text.tsx";
import { Failure, Loading } from "../../parts/notice.tsx";
import { versions } from "../../state/changes.ts";
import { may } from "../../state/session.ts";
import { queryOf } from "../../state/url.ts";
import { texts } from "../../texts/texts.ts";
import { JobTable } from "./job-table.tsx";
import { NewUpload } from "./new-upload.tsx";
import { RejectsDialog } from "./rejects-dialog.tsx";
import { isOfRejects, RetryDialog } from "./retry-dialog.tsx";
import { RunningJob } from "./running-job.tsx";
import { UploadTable } from "./upload-table.tsx";

/** Jobs and uploads as they are, and new uploads. */
export function WorkScreen() {
  const { working } = texts();
  const { jobs: jobsVersion, uploads: uploadsVersion } = versions.value;
  const [again, setAgain] = useState(0);
  const jobs = useDocument<{ jobs: JobRecord[] }>("/jobs?limit=20", {
    version: jobsVersion + again,
    keep: true,
  });
  const uploads = useDocument<UploadList>("/uploads?all=true&completed=50", {
    version: jobsVersion + uploadsVersion + again,
    keep: true,
  });
  const [rejectsOf, setRejectsOf] = useState<string>();
  const [retried, setRetried] = useState<ListedUpload>();
  const [problem, setProblem] = useState<RequestFailure>();
  const act = (url: string, method: string) => {
    setProblem(undefined);
    request(url, { method })
      .catch(setProblem)
      .finally(() => setAgain((count) => count + 1));
  };
  const retry = (id: string, limit?: string) =>
    act(`/uploads/${id}/retry?${queryOf({ max_rejects: limit })}`, "POST");
  const failure = jobs.failure ?? uploads.failure;
  if (failure) return <Failure failure={failure} onRetry={() => setAgain(again + 1)} />;
  if (!jobs.value || !uploads.value) return <Loading />;
  const pending = uploads.value.uploads.filter(({ status }) => status === "pending").length;
  return (
    <section class="screen work" data-shown>
      <h1>{working.heading}</h1>
      {problem && (
        <p class="problem" role="alert">
          <FailureText failure={problem} />
        </p>
      )}
      <RunningJob
        jobs={jobs.value.jobs}
        pending={pending}
        onStart={() => act("/process", "POST")}
        onCancel={(id) => act(`/jobs/${id}`, "DELETE")}
      />
      {may("curator") && (
        <NewUpload
          version={uploadsVersion + again}
          uploads={uploads.value.uploads}
          onChange={() => setAgain((count) => count + 1)}
        />
      )}
      <UploadTable
        list={uploads.value}
        onRejects={setRejectsOf}
        onRetry={(upload) => (isOfRejects(upload) ? setRetried(upload) : retry(upload.upload_id))}
      />
      <JobTable jobs={jobs.value.jobs} />
      {retried && (
        <RetryDialog
          upload={retried}
          onRetry={(limit) => retry(retried.upload_id, limit)}
          onClose={() => setRetried(undefined)}
        />
      )}
      {rejectsOf !== undefined && <RejectsDialog id={rejectsOf} onClose={() => setRejectsOf(undefined)} />}
    </section>
  );
}
