import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { accessKey, signIn } from './access-key.ts';
import type { PathOf, Problem } from './client.ts';
import { html } from './html.ts';
import { LanguageChoice } from './language-choice.ts';
import { say } from './words.ts';

interface SignInProps {
  /** Why the service wants a key. */
  readonly reason: Problem;
  /** What the page reads first. */
  readonly reads: PathOf<'get'>;
}

/** Asks for an access key, and stores it when it opens the page. */
export function SignIn({ reason, reads }: SignInProps): VNode {
  const [fault, setFault] = useState(accessKey.value === null ? '' : say('signIn.refused'));
  const [isTrying, setTrying] = useState(false);
  const [key, setKey] = useState('');
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setTrying(true);
    setFault(await faultOf(key.trim(), reads));
    setTrying(false);
  };
  return html`<main class="narrow">
    <h1>${say('signIn.title')}</h1>
    <p>${say('signIn.help')}</p>
    <form class="panel stack" onSubmit=${submit}>
      <label for="key">${say('signIn.key')}</label>
      <input
        id="key"
        value=${key}
        onInput=${({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => setKey(currentTarget.value)}
        type="password"
        autocomplete="current-password"
        required
        aria-describedby="key-fault"
        aria-invalid=${fault !== ''}
      />
      <p id="key-fault" class="fault" role="alert">${fault}</p>
      <button class="primary" disabled=${isTrying}>${say('signIn.button')}</button>
    </form>
    <details>
      <summary>${say('signIn.why')}</summary>
      <p>${reason.detail}</p>
    </details>
    <${LanguageChoice} />
  </main>`;
}

/** Tries a key. It is stored if it opens the page; otherwise the words say why it does not. */
async function faultOf(key: string, reads: PathOf<'get'>): Promise<string> {
  // A header takes no other characters, and no key has any.
  if (!/^[\x21-\x7E]+$/.test(key)) return say('signIn.malformed');
  try {
    const answer = await fetch(reads, { headers: { authorization: `Bearer ${key}` } });
    if (answer.status === 401) return say('signIn.unknown');
    if (answer.status === 403) {
      const { roles = [] } = (await answer.json()) as { readonly roles?: readonly string[] };
      return say('signIn.forbidden', { roles: roles.join(', ') });
    }
    if (answer.status === 429) return say('signIn.tooMany');
    if (!answer.ok && answer.status >= 500) return say('problem.unreachable');
  } catch {
    return say('problem.unreachable');
  }
  signIn(key);
  return '';
}
