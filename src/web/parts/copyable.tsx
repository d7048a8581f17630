import { useState } from "preact/hooks";
import { texts } from "../texts/texts.ts";

const SHOWN_MS = 2000;

/** A text with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <div class="copyable">
      <pre role="region" tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

export function CopyButton({ text, label, children }: { text: string; label: string; children?: string }) {
  const [isCopied, setCopied] = useState(false);
  const { copy, copied } = texts();
  const onClick = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button type="button" aria-label={`${children ?? copy}: ${label}`} onClick={() => void onClick()}>
      {isCopied ? copied : (children ?? copy)}
    </button>
  );
}

/** Over plain http from another machine there is no clipboard but that of a selection. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  // In an open dialog all else is inert.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
