/** Where all findings are written: a file for CSV or JSON by its name, or a new folder for both. */
export interface CheckLocal {
  report?: string | undefined;
  reportFolder?: string;
}
