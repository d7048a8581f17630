import { usePartitions } from "../../api/use-partitions.ts";
import { Empty, Failure, Loading } from "../../parts/notice.tsx";
import { address } from "../../state/address.ts";
import { urlOf } from "../../state/url.ts";
import { texts } from "../../texts/texts.ts";
import { CompareVariants } from "./compare-variants.tsx";
import { type LabelSet, labelSets } from "./label-sets.ts";

/** Two variants of labels: which ones, or what differs between them. */
export function CompareScreen() {
  const { path, query } = address.value;
  const { partitions, failure } = usePartitions();
  if (failure) return <Failure failure={failure} />;
  if (!partitions) return <Loading />;
  const sets = labelSets(partitions);
  const [provider, dataset, task] = path.split("/").slice(2).map(decodeURIComponent);
  const chosen = sets.find(
    (one) => one.provider === provider && one.dataset === dataset && one.task === task,
  );
  if (!chosen) return <Choice sets={sets} />;
  const [first, second] = chosen.newest;
  const b = query.get("b") ?? (query.get("a") === second ? first : second);
  const a = query.get("a") ?? (b === first ? second : first);
  return <CompareVariants key={`${path} ${a} ${b}`} set={chosen} a={a} b={b} />;
}

function Choice({ sets }: { sets: readonly LabelSet[] }) {
  const { comparing } = texts();
  if (sets.length === 0) {
    return (
      <Empty title={comparing.nothing}>
        <p>{comparing.nothingHint}</p>
      </Empty>
    );
  }
  return (
    <section class="screen" data-shown>
      <h1>{comparing.choose}</h1>
      <p class="quiet">{comparing.chooseHint}</p>
      <ul class="choices">
        {sets.map(({ provider, dataset, task, variants }) => (
          <li key={`${provider}/${dataset}/${task}`}>
            <a href={urlOf(`/compare/${[provider, dataset, task].map(encodeURIComponent).join("/")}`)}>
              {provider}/{dataset}/{task}
            </a>{" "}
            <span class="quiet">{variants.join(", ")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
