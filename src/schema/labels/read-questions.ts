import { show } from "./box.ts";
import type { Fault } from "./faults.ts";
import { readLabelPath } from "./path.ts";
import { compileField } from "./read-region.ts";
import type { Question } from "./region.ts";
import type { View } from "./view.ts";
import { type Node, nodesAt, placeOf } from "./walk.ts";

/** Reads the questions of a label. One that is no string, or has an answer that is none, is left out with a fault. */
export function compileQuestions(
  view: NonNullable<View["questions"]>,
): (root: Node) => { questions: Question[]; faults: Fault[] } {
  const items = readLabelPath(view.items);
  const [idAt, questionAt, answersAt, kindsAt] = [view.id, view.question, view.answers, view.kinds].map(
    compileField,
  );
  return (root) => {
    const questions: Question[] = [];
    const faults: Fault[] = [];
    const nodes = nodesAt(items, root);
    if (nodes === undefined)
      return {
        questions,
        faults: [{ kind: "no_items", at: "$", message: `there is nothing at ${view.items}` }],
      };
    for (const node of nodes) {
      const question = questionAt?.(root, [node]);
      const answers = listOf(answersAt?.(root, [node]));
      const odd =
        typeof question !== "string" ? question : answers.find((answer) => typeof answer !== "string");
      if (typeof question !== "string" || odd !== undefined) {
        const what = typeof question !== "string" ? "question" : "answer";
        faults.push({
          kind: question === undefined ? "no_items" : "question_no_string",
          at: placeOf(node),
          message:
            question === undefined
              ? `there is no question at ${view.question}`
              : `the ${what} ${show(odd)} is no string`,
        });
        continue;
      }
      const id = idAt?.(root, [node]);
      questions.push({
        id: id === undefined ? null : typeof id === "string" ? id : show(id),
        question,
        answers: answers as string[],
        kinds: listOf(kindsAt?.(root, [node])).map((kind) => (typeof kind === "string" ? kind : show(kind))),
      });
    }
    return { questions, faults };
  };
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
