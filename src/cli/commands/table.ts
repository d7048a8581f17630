import type { CommandEntry } from "../arguments/command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: {
    summary: "Create a lake, or repair an incomplete one",
    load: async () => (await import("./init.ts")).initCommand,
  },
  serve: {
    summary: "Serve a lake over HTTP and process uploads",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  config: {
    summary: "Create, change, list and remove providers and tasks",
    load: async () => (await import("./config/config.ts")).configCommand,
  },
  upload: {
    summary: "Upload raw data or labels",
    load: async () => (await import("./upload/upload.ts")).uploadCommand,
  },
  process: {
    summary: "Process uploads and follow jobs",
    load: async () => (await import("./process/process.ts")).processCommand,
  },
  assets: {
    summary: "Check the stored images and files",
    load: async () => (await import("./assets/assets.ts")).assetsCommand,
  },
  catalog: {
    summary: "Rebuild the catalog, show its contents",
    load: async () => (await import("./catalog.ts")).catalogCommand,
  },
  search: {
    summary: "Find rows by partition, or by text inside labels",
    load: async () => (await import("./search/search.ts")).searchCommand,
  },
  view: {
    summary: "Find out what labels mean, and check them",
    load: async () => (await import("./view/view.ts")).viewCommand,
  },
  download: {
    summary: "Download rows, with their images, in a format for training",
    load: async () => (await import("./download/download.ts")).downloadCommand,
  },
  sql: {
    summary: "Run one SELECT on the catalog",
    load: async () => (await import("./sql.ts")).sqlCommand,
  },
  run: {
    summary: "Run a long operation by its name, with a request in JSON",
    load: async () => (await import("./run.ts")).runCommand,
  },
  sync: {
    summary: "Update the copy of the lake for Athena or Trino",
    load: async () => (await import("./sync.ts")).syncCommand,
  },
  token: {
    summary: "Create, list and revoke access tokens of a server",
    load: async () => (await import("./token.ts")).tokenCommand,
  },
  doctor: {
    summary: "Check the lake and suggest repairs",
    load: async () => (await import("./doctor/doctor.ts")).doctorCommand,
  },
  help: {
    summary: "Show the help of a command, or a page of the manual",
    load: async () => (await import("./help.ts")).helpCommand,
  },
};
