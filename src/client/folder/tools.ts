import type { Settings } from "../../config.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Logger } from "../../log.ts";

/** What a lake in a folder is worked on with. */
export interface FolderTools {
  /** The lake, opened once it is needed. */
  openLake(): Promise<Lake>;
  settings: Settings;
  /** Arguments that start this program again as another process. */
  selfCommand: string[];
  logger: Logger;
  /** Ends the jobs of this process. */
  signal: AbortSignal;
  /** Writes down in the audit log what was done, and to what. */
  audit(action: string, target: string): Promise<void>;
}
