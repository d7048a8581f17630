import type { ForeignFormat } from "../images/foreign.ts";

/** Names in one notice. */
const SHOWN = 5;

/** Counts files that are left out, and says of which kinds they are and what their owner can do. */
export function createSkippedFiles() {
  const foreign = new Map<ForeignFormat, number>();
  const others: string[] = [];
  const folders: string[] = [];
  let otherCount = 0;
  return {
    add(path: string, kind: "other" | ForeignFormat): void {
      if (kind !== "other") foreign.set(kind, (foreign.get(kind) ?? 0) + 1);
      else if (++otherCount <= SHOWN) others.push(path);
    },
    addFolder(path: string): void {
      folders.push(path);
    },
    /** `2 PDF and 1 HEIC files, which cannot be taken yet; ...` for an error; undefined where there are none. */
    foreignFiles(): string | undefined {
      const [first] = foreign.keys();
      if (first === undefined) return undefined;
      const counts = [...foreign].map(([{ name }, count]) => `${count} ${name}`);
      const total = [...foreign.values()].reduce((sum, count) => sum + count, 0);
      const advice =
        foreign.size === 1
          ? first.advice
          : [...foreign.keys()].map((kind) => `${kind.name}: ${kind.advice}`).join("; ");
      return `${counts.join(" and ")} ${total === 1 ? "file" : "files"}, which are not supported yet; ${advice}`;
    },
    notices(): string[] {
      const notices = [...foreign].map(
        ([{ name, advice }, count]) =>
          `${count} ${name} ${count === 1 ? "file is" : "files are"} left out; ${advice}`,
      );
      if (otherCount > 0) {
        const more = otherCount > others.length ? `, and ${otherCount - others.length} more` : "";
        notices.push(
          `${otherCount} ${otherCount === 1 ? "file beside the images is not an image and is left" : "files beside the images are not images and are left"} behind: ${others.join(", ")}${more}`,
        );
      }
      if (folders.length > 0) {
        const shown = folders.slice(0, SHOWN).join(", ");
        const more = folders.length > SHOWN ? `, and ${folders.length - SHOWN} more` : "";
        notices.push(`left out files of the system: ${shown}${more}`);
      }
      return notices;
    },
  };
}
export type SkippedFiles = ReturnType<typeof createSkippedFiles>;
