import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { RequestFailure } from "../api/request.ts";
import { FailureText } from "../parts/failure-text.tsx";
import { Preferences } from "../parts/preferences.tsx";
import { hasEnded, logIn } from "../state/session.ts";
import { texts } from "../texts/texts.ts";

/** Asks for a token, and stays where one wanted to go. */
export function LoginScreen({ lake }: { lake: string }) {
  const { login, title } = texts();
  const [problem, setProblem] = useState<ComponentChildren>();
  const [isBusy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  document.title = title(login.heading, lake);
  const submit = async (event: Event) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? "";
    if (token === "") return input.current?.focus();
    setBusy(true);
    setProblem(undefined);
    try {
      await logIn(token);
    } catch (error) {
      const failure = error as RequestFailure;
      const isWrong = failure.status === 401;
      setProblem(isWrong ? login.wrong : <FailureText failure={failure} />);
      setBusy(false);
      input.current?.select();
    }
  };
  return (
    <main class="login" id="main" data-screen="login" data-shown>
      <form class="card" onSubmit={submit}>
        <h1>{login.heading}</h1>
        {hasEnded.value && <p role="status">{login.ended}</p>}
        <p>{login.lead(lake)}</p>
        <label class="field">
          <span>{login.token}</span>
          <input
            ref={input}
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            aria-invalid={problem !== undefined}
            aria-describedby="login-hint"
          />
        </label>
        <p id="login-hint" class="quiet">
          {login.hint}
        </p>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {login.submit}
        </button>
      </form>
      <Preferences />
    </main>
  );
}
