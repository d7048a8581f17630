import { useEffect, useState } from "preact/hooks";

/** A text as a file to be saved. */
export function FileLink({ name, text }: { name: string; text: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);
  return (
    <a {...(url !== undefined && { href: url })} download={name}>
      {name}
    </a>
  );
}
