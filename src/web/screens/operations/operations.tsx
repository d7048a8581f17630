import type { InfoDocument, StatusDocument } from "../../../schema/status-documents.ts";
import { useDocument } from "../../api/use-document.ts";
import { Failure, Loading } from "../../parts/notice.tsx";
import { versions } from "../../state/changes.ts";
import { may, session } from "../../state/session.ts";
import { formatAge, formatBytes, formatNumber, formatSpan, texts } from "../../texts/texts.ts";
import { DoctorCard } from "./doctor-card.tsx";
import { Fact, Facts } from "./facts.tsx";
import { Findings } from "./findings.tsx";
import { DOCTOR, useLastRun, VERIFY } from "./use-last-run.ts";
import { VerifyCard } from "./verify-card.tsx";

/** How the server and its lake are. */
export function OperationsScreen() {
  const { generation, jobs, uploads } = versions.value;
  const version = generation + jobs + uploads;
  const status = useDocument<StatusDocument>("/status", { version, keep: true });
  const info = useDocument<InfoDocument>("/info", { keep: true });
  const verify = useLastRun(VERIFY);
  const doctor = useLastRun(DOCTOR, may("admin"));
  const { operating } = texts();
  const failure = status.failure ?? info.failure;
  if (failure) return <Failure failure={failure} />;
  if (!status.value || !info.value) return <Loading />;
  const {
    uploads: counts,
    queue,
    workers,
    disk,
    catalog,
    access,
    writable,
    uptime_seconds: uptime,
  } = status.value;
  return (
    <section class="screen" data-shown>
      <h1>{operating.heading}</h1>
      <Findings status={status.value} info={info.value} verify={verify} doctor={doctor} />
      <div class="cards">
        <Facts title={operating.catalog}>
          {catalog === null ? (
            <Fact name={operating.state}>{operating.noCatalog}</Fact>
          ) : (
            <>
              <Fact name={operating.generation}>{formatNumber(catalog.generation)}</Fact>
              <Fact name={operating.built}>{formatAge(catalog.age_seconds)}</Fact>
              <Fact name={operating.rows}>{formatNumber(catalog.rows)}</Fact>
              <Fact name={operating.partitions}>{formatNumber(catalog.partitions)}</Fact>
              <Fact name={operating.size}>{formatBytes(catalog.bytes)}</Fact>
            </>
          )}
        </Facts>
        <Facts title={operating.disk}>
          {disk === null ? (
            <Fact name={operating.state}>{operating.noDisk}</Fact>
          ) : (
            <>
              <Fact name={operating.free}>{formatBytes(disk.free_bytes)}</Fact>
              <Fact name={operating.total}>{formatBytes(disk.total_bytes)}</Fact>
              <Fact name={operating.used}>
                <meter
                  aria-label={operating.used}
                  min={0}
                  max={disk.total_bytes}
                  high={disk.total_bytes * 0.9}
                  value={disk.total_bytes - disk.free_bytes}
                />
              </Fact>
            </>
          )}
        </Facts>
        <Facts title={operating.work}>
          <Fact name={operating.pending}>{formatNumber(counts.pending)}</Fact>
          <Fact name={operating.processing}>{formatNumber(counts.processing)}</Fact>
          <Fact name={operating.failedUploads}>{formatNumber(counts.failed)}</Fact>
          <Fact name={operating.workers}>
            {operating.ofTotal(formatNumber(workers.busy), formatNumber(workers.total))}
          </Fact>
          <Fact name={operating.queries}>
            {operating.running(formatNumber(queue.queries_running), formatNumber(queue.queries_waiting))}
          </Fact>
          <Fact name={operating.checks}>
            {operating.running(formatNumber(queue.checks_running), formatNumber(queue.checks_waiting))}
          </Fact>
        </Facts>
        <Facts title={operating.server}>
          <Fact name={operating.lake}>{may("admin") ? info.value.lake : session.value?.lake}</Fact>
          <Fact name={operating.version}>{info.value.version}</Fact>
          <Fact name={operating.uptime}>{formatSpan(uptime)}</Fact>
          <Fact name={operating.access}>{operating.accesses[access]}</Fact>
          <Fact name={operating.writing}>{writable ? operating.writable : operating.readOnly}</Fact>
          <Fact name={operating.auto}>{info.value.auto_process ? operating.on : operating.off}</Fact>
        </Facts>
      </div>
      <div class="cards wide">
        <VerifyCard run={verify} />
        {may("admin") && <DoctorCard run={doctor} />}
      </div>
    </section>
  );
}
