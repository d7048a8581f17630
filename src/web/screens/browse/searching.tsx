import { Progress } from "../../parts/progress.tsx";
import { texts } from "../../texts/texts.ts";

/** While rows are found and sorted; seen where that takes its time. */
export function Searching() {
  return (
    <div class="results searching" aria-busy="true">
      <Progress label={texts().searching} />
    </div>
  );
}
