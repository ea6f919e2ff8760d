import { render, type ComponentType, type VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { WordKey } from '../words/en.ts';
import { signInReason } from './access-key.ts';
import type { PathOf } from './client.ts';
import { html } from './html.ts';
import { useObservable } from './observable.ts';
import { SignIn } from './sign-in.ts';
import { reloadAfterUpgrade } from './upgrade.ts';
import { language, say } from './words.ts';

export interface PageOptions {
  readonly title: WordKey;
  /** What the page reads first: a key that may not read it does not open the page. */
  readonly reads: PathOf<'get'>;
  readonly view: ComponentType;
}

/** Shows a page, or the sign-in while the service wants to know who the user is. */
export function showPage({ title, reads, view }: PageOptions): void {
  function Root(): VNode {
    const reason = useObservable(signInReason);
    const code = useObservable(language);
    useEffect(() => {
      document.title = say(title);
      document.documentElement.lang = code;
    }, [code]);
    return reason === null
      ? html`<${view} key=${code} />`
      : html`<${SignIn} reason=${reason} reads=${reads} />`;
  }
  reloadAfterUpgrade();
  const place = document.getElementById('app');
  if (place !== null) render(html`<${Root} />`, place);
}
