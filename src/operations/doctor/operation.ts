import { DoctorProgressSchema, DoctorReportSchema, DoctorRequestSchema } from "../../schema/doctor.ts";
import { defineOperation } from "../operation.ts";

/** Checks the lake and suggests repairs; changes nothing. What it finds names places of the server. */
export const DOCTOR = defineOperation({
  name: "doctor",
  summary: "Checks the lake and suggests repairs",
  noun: ["examination of the lake", "examinations of the lake"],
  request: DoctorRequestSchema,
  progress: DoctorProgressSchema,
  result: DoctorReportSchema,
  role: "admin",
  queue: { running: 1, waiting: 2 },
  background: true,
  isolated: true,
  served: { by: "id", kept: { newest: 5 }, visibleTo: "owner" },
  keepsLast: (report) => report,
  exit: ({ checks }) => (checks.some(({ status }) => status === "problem") ? 1 : 0),
  describe: ({ checks }) => `${checks.filter(({ status }) => status !== "ok").length} findings`,
  run: async ({ full }, { lake, settings, signal, report }) => {
    const { examineLake } = await import("../../doctor/doctor.ts");
    const checks = await Array.fromAsync(examineLake({ lake, settings, full, signal, onProgress: report }));
    return { result: { checks } };
  },
});
