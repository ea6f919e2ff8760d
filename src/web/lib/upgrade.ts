/** Milliseconds between two questions for the version, and between those that confirm a new one. */
const ASK_MS = 30_000;
const CONFIRM_MS = 5_000;
/**
 * How often in a row the service must name another version. While the instances of a service are upgraded one after the
 * other, an old one still answers in between, and a page made of files of both versions might not work.
 */
const ANSWERS = 3;
/** Milliseconds without a key or a touch after which nobody works with the page. */
const IDLE_MS = 60_000;
const ANSWER_MS = 10_000;

/** The URL of a page's file has the version of the program. */
const FILE_URL = /\/web\/(\w+)\//;
const OWN_VERSION = FILE_URL.exec(import.meta.url)?.[1];

let touchedAt = -Infinity;
/** The forms in which the user has typed or chosen something that is not sent. */
const started = new WeakSet<HTMLFormElement>();

/** Whether the user works with the page, or has left a form half filled. */
const isInUse = (): boolean =>
  Date.now() - touchedAt < IDLE_MS || [...document.forms].some((form) => started.has(form));

/** Whether the service has another version than this page; false also when it does not answer. */
async function isOutdated(): Promise<boolean> {
  const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(ANSWER_MS) });
  // The page of a proxy names no version.
  const version = FILE_URL.exec(await answer.text())?.[1];
  return version !== undefined && version !== OWN_VERSION;
}

/**
 * Loads the page anew when the service has been upgraded. A page that nobody works with, such as a board, is loaded at
 * once; all others when they have not been touched for a minute and no form is half filled.
 */
export function reloadAfterUpgrade(): void {
  const touched = (): void => void (touchedAt = Date.now());
  addEventListener('keydown', touched, true);
  addEventListener('pointerdown', touched, true);
  addEventListener('input', ({ target }) => {
    const form = (target as Partial<HTMLInputElement>).form;
    // A search is soon typed again.
    if (form && form.role !== 'search') started.add(form);
  });
  addEventListener('reset', ({ target }) => started.delete(target as HTMLFormElement), true);
  let answers = 0;
  const ask = async (): Promise<void> => {
    answers = (await isOutdated().catch(() => false)) ? answers + 1 : 0;
    if (answers >= ANSWERS && !isInUse()) location.reload();
    else setTimeout(() => void ask(), answers > 0 ? CONFIRM_MS : ASK_MS);
  };
  setTimeout(() => void ask(), ASK_MS);
}
