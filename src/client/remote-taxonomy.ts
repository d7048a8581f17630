import * as v from "valibot";
import { parseName } from "../schema/names.ts";
import { type Provider, ProviderSchema, type Task, TaskSchema, type Taxonomy } from "../schema/taxonomy.ts";
import { connectHttp } from "./remote-http.ts";

/** The providers and tasks of a lake behind a server, and changes to them. Errors are those of the lake itself. */
export interface RemoteTaxonomy {
  read(): Promise<Taxonomy>;
  /** Each gives the name in NFC. */
  addProvider(name: string, provider: Provider): Promise<string>;
  removeProvider(name: string): Promise<string>;
  addTask(name: string, task: Task): Promise<string>;
  removeTask(name: string): Promise<string>;
}

const AnswerSchema = v.object({
  providers: v.record(v.string(), ProviderSchema),
  tasks: v.record(v.string(), TaskSchema),
});
const NameSchema = v.object({ name: v.string() });

export function connectTaxonomy(url: string, token?: string | undefined): RemoteTaxonomy {
  const http = connectHttp(url, token);
  const change = async (method: string, kind: string, name: string, body?: unknown) => {
    const path = `/config/${kind}/${encodeURIComponent(name)}`;
    return (await http.call(method, path, NameSchema, { body })).name;
  };
  return {
    read: async () => http.call("GET", "/config", AnswerSchema),
    addProvider: async (name, provider) => change("POST", "providers", parseName("provider", name), provider),
    removeProvider: (name) => change("DELETE", "providers", name),
    addTask: async (name, task) => change("POST", "tasks", parseName("task", name), task),
    removeTask: (name) => change("DELETE", "tasks", name),
  };
}
