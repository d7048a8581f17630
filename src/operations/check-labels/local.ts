/** Output for all findings: a CSV or JSON file, by its extension, or a new folder for both. */
export interface CheckLocal {
  report?: string | undefined;
  reportFolder?: string;
}
