import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { DoctorView, SlotView, TokenView } from '../../src/http/resources/index.ts';
import type { TestApp } from '../support/app/app.ts';
import { bookAll, DOC2_NINE, NINE, patientsIn, postOk, TEN } from '../support/app/front-desk.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

const NOW = '2026-11-23T09:05:00Z';

/** Opens the desk of a service whose doc1 has these patients from 9 to 10, and others from 10 to 11. */
async function openDesk({ nine = 'O1', ten = '' }: { nine?: string; ten?: string } = {}) {
  const { opd, url } = await openSite({ now: NOW });
  const ids = {
    ...(await bookAll(opd, nine)),
    ...(ten === '' ? {} : await bookAll(opd, ten, TEN)),
  };
  const page = await openPage();
  // Otherwise the day of the service is not the browser's today, and every time stands behind its date.
  await page.clock.setFixedTime(NOW);
  const faults = await watchPage(page);
  await page.goto(`${url}/desk`);
  await page.locator('[data-token]').first().waitFor();
  return { opd, url, page, faults, rowOf: (name: string) => rowOf(page, ids[name] ?? '') };
}

const rowOf = (page: Page, id: string) => page.locator(`[data-token="${id}"]`);

/** Waits until the bar of the last act says this. */
const done = (page: Page, words: string) => page.locator('.outcome').getByText(words).waitFor();

/** Types keys one after another: `Alt+b`, `Enter`, or a text. */
async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys)
    await (/^(Alt\+.|Enter|Tab|Space|Escape|Arrow\w+|[a-z])$/.test(key)
      ? page.keyboard.press(key)
      : page.keyboard.type(key));
}

const tokensNamed = async (opd: TestApp, name: string): Promise<readonly TokenView[]> =>
  (
    await opd.get<{ tokens: TokenView[] }>(
      `/tokens?date=2026-11-23&name=${encodeURIComponent(name)}`,
    )
  ).body.tokens;

describe.skipIf(noBrowser !== null)(`the desk in Chromium${needsBrowser}`, () => {
  it('books, checks in, calls, skips, takes back and tells by the keyboard alone', async () => {
    const { opd, page, faults } = await openDesk({ nine: 'O1 O2 W3' });
    await opd.book('Asha Rao', { doctor_id: 'doc2', slot_id: DOC2_NINE, patient_id: 'MR 7' });
    // The known id gives the name and the other booking, before anything is sent.
    await press(page, 'Alt+b', 'MR 7');
    await page.getByText('Also booked that day: Dr. B (Orthopedics), 09:00, number 1').waitFor();
    await page.waitForFunction(`document.getElementById('book-patient_name').value === 'Asha Rao'`);
    await press(page, 'Tab', 'Tab', 'Emer', 'Enter');
    await done(page, 'Number 4, Asha Rao, is booked for 09:00.');
    expect(await patientsIn(opd, NINE)).toBe('Asha Rao O1 O2 | W3');
    await page.locator('.outcome').getByText('lost the seat, waitlist 1').waitFor();
    const toTell = page.getByRole('region', { name: /To be told/ });
    await toTell.getByText('To be told: 1').waitFor();
    await toTell.getByText('W3').waitFor();
    await toTell.getByText('phone').waitFor();
    // The same patient again: the form says so before it is sent, and the refusal stands beside the field.
    await press(page, 'MR 7', 'Tab', 'Tab', 'Emer', 'Tab', '09');
    await page.getByText('Has number 4 in this slot already: Booked.').waitFor();
    await inspectPage(page, 'desk-booking');
    await press(page, 'Enter');
    const fault = page.locator('#book-patient_id-fault');
    await fault.getByText('The patient has a place in this slot already.').waitFor();
    expect(await page.locator('#book-patient_id').getAttribute('aria-invalid')).toBe('true');
    await press(page, 'Alt+n', '1', 'Enter');
    await done(page, 'Number 1, O1, is here.');
    await press(page, '3', 'Enter');
    await page.getByText('Number 3 is on the waitlist and has no seat yet.').waitFor();
    await press(page, 'Alt+n', '99', 'Enter');
    await page.getByText('Dr. A (Cardiology) has no patient with this number').waitFor();
    await press(page, 'Alt+c');
    await done(page, 'Number 1, O1, is called.');
    await page.getByRole('button', { name: 'Not there, call next' }).waitFor();
    // O1 is the second row. A letter acts on the row that has the focus.
    await press(page, 'Alt+l', 'ArrowDown', 's');
    await done(page, 'Number 1, O1, is not there.');
    await press(page, 'Alt+u', 'Enter');
    await page.locator('#act-reason').waitFor();
    await press(page, 'Enter');
    await done(page, 'Number 1, O1: the last change is taken back.');
    expect(await patientsIn(opd, NINE)).toBe('Asha Rao O1:IN_CONSULTATION O2 | W3');
    await press(page, 'Alt+t', 'Space');
    await toTell.getByText('To be told: 0').waitFor();
    await page.reload();
    await toTell.locator('.told').getByText('W3').waitFor();
    expect(faults()).toEqual([
      'Failed to load resource: the server responded with a status of 409 (Conflict)',
    ]);
  });

  it('does every act on a token, and says whom it promotes', async () => {
    const { opd, page, rowOf, faults } = await openDesk({ nine: 'F1 O2 O3 W4', ten: 'W5' });
    const act = async (name: string, keys: readonly string[], words: string): Promise<void> => {
      await rowOf(name).focus();
      await press(page, ...keys);
      await done(page, words);
    };
    await act('F1', ['i'], 'Number 1, F1, is here.');
    await act('F1', ['c'], 'is called.');
    await act('F1', ['d'], 'has been seen.');
    await act('O2', ['x', 'phoned', 'Enter'], 'Number 2, O2, is cancelled.');
    await page.locator('.outcome').getByText('has a seat now').waitFor();
    expect(await patientsIn(opd, NINE)).toBe('F1:COMPLETED O3 W4 |');
    await page.getByText('Cancelled, did not come or expired: 1').click();
    await act('O2', ['u', 'Enter'], 'Number 2, O2: the last change is taken back.');
    await page.locator('.outcome').getByText('lost the seat').waitFor();
    expect(await patientsIn(opd, NINE)).toBe('F1:COMPLETED O2 O3 | W4');
    await rowOf('W4').focus();
    await press(page, 'r');
    await page.getByLabel('Class').last().selectOption('EMERGENCY');
    await page.locator('#act-reason').fill('chest pain');
    await press(page, 'Enter');
    await done(page, 'Number 4, W4, has another class.');
    expect(await patientsIn(opd, NINE)).toBe('W4 F1:COMPLETED O2 | O3');
    // The row went from the waitlist to the seats, and still has the focus.
    await page.locator('.ranked:not(.waitlist) .token:focus').getByText('W4').waitFor();
    await rowOf('O3').focus();
    await press(page, 'm');
    await page.locator('#act-slot_id option').first().waitFor({ state: 'attached' });
    await press(page, 'Enter');
    await done(page, 'Number 3, O3, is moved.');
    expect(await patientsIn(opd, TEN)).toBe('O3 W5 |');
    // Before the slot starts, a no-show is refused, and recorded only if the user says so.
    await rowOf('W5').focus();
    await press(page, 'n');
    await page.getByText('It is too early for this.').waitFor();
    await page.getByRole('button', { name: 'Record the no-show all the same' }).click();
    await done(page, 'Number 5, W5, did not come.');
    await rowOf('O3').focus();
    await press(page, 'e');
    await page.locator('#act-patient_name').fill('Olga Three');
    await page.locator('#act-patient_id').fill('MR 3');
    await page.locator('#act-reason').fill('');
    await press(page, 'Enter');
    await page.locator('#act-reason-fault').getByText('Fill this in.').waitFor();
    await page.locator('#act-reason').fill('misspelt');
    await press(page, 'Enter');
    await done(page, 'Number 3: the patient is corrected.');
    expect(await tokensNamed(opd, 'olga three')).toMatchObject([{ patient_id: 'MR 3' }]);
    await act('W4', ['i'], 'Number 4, W4, is here.');
    await act('W4', ['s'], 'Number 4, W4, is not there.');
    expect(await patientsIn(opd, NINE)).toBe('W4:SKIPPED F1:COMPLETED O2 |');
    expect(faults().filter((fault) => !/409|400/.test(fault))).toEqual([]);
  });

  it('shows before and after of an act on a slot or a doctor, and changes nothing until it is confirmed', async () => {
    const { opd, page, faults } = await openDesk({ nine: 'O1 O2 W3', ten: 'F4 O5' });
    const slotNine = page.getByRole('region', { name: '09:00–10:00' });
    const plan = page.locator('.plan');
    const preview = (index: number) =>
      page.getByRole('button', { name: 'Show what would change' }).nth(index).click();
    const confirm = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Do it', disabled: false }).waitFor();
      await press(page, 'Enter');
    };
    await slotNine.getByRole('button', { name: 'Change' }).click();
    await page.getByLabel('Seats', { exact: true }).fill('2');
    await page.getByLabel('New patients').selectOption('EMERGENCY');
    await preview(0);
    await plan
      .getByRole('row', {
        name: /W3 09:00 · Booked Waitlist 1|W3 09:00 · Booked 09:00 · Waitlist 1/,
      })
      .waitFor();
    await plan.getByText('Emergencies only').waitFor();
    await inspectPage(page, 'desk-plan');
    expect(await patientsIn(opd, NINE)).toBe('O1 O2 W3 |');
    await confirm();
    await done(page, 'The slot 09:00–10:00 is changed.');
    expect(await patientsIn(opd, NINE)).toBe('O1 O2 | W3');
    await slotNine.getByText('Emergencies only').waitFor();
    await page.locator('#slot-capacity').fill('0');
    await preview(0);
    await page.locator('#slot-capacity-fault').getByText('1').waitFor();

    await page.locator('#close-reason').fill('The doctor is called away');
    await page.locator('#close-move_to').selectOption(TEN);
    await preview(1);
    await plan.getByText('W3').waitFor();
    expect(await patientsIn(opd, TEN)).toBe('F4 O5 |');
    await confirm();
    await done(page, 'The slot 09:00–10:00 is closed.');
    expect(await patientsIn(opd, TEN)).toBe('F4 O1 O5 | O2 W3');
    await page.locator('.outcome').getByText('moved to the waitlist of 10:00').first().waitFor();
    await page.locator('#reopen-reason').fill('The doctor is back');
    await press(page, 'Enter');
    await done(page, 'The slot of 09:00 is open again.');

    await press(page, 'Alt+o');
    await page.locator('#delay-minutes').fill('20');
    // The clock of the page stands still: a second Enter at once executes nothing.
    await page.clock.pauseAt('2026-11-23T09:06:00Z');
    await press(page, 'Enter');
    await plan.getByText('10:20').waitFor();
    await press(page, 'Enter');
    await page.clock.resume();
    await confirm();
    await done(page, 'Dr. A (Cardiology) is 20 minutes late.');
    expect((await opd.get<SlotView>(`/slots/${TEN}`)).body.delay_minutes).toBe(20);
    await page.getByRole('button', { name: 'Start the break' }).click();
    await done(page, 'Dr. A (Cardiology) has a break until 09:20.');
    await page.getByRole('button', { name: 'End the break' }).click();
    await done(page, 'The break of Dr. A (Cardiology) is over.');

    await page.locator('#leave-reason').fill('ill');
    await preview(1);
    await plan.getByText('F4').waitFor();
    await confirm();
    await done(page, 'is on leave from 2026-11-23 to 2026-11-23.');
    const leaves = async () => (await opd.get<DoctorView>('/doctors/doc1')).body.leaves ?? [];
    expect(await leaves()).toHaveLength(1);
    await page.getByRole('button', { name: 'Take back' }).click();
    await done(page, 'The leave of Dr. A (Cardiology) is taken back.');
    expect(await leaves()).toEqual([]);
    expect(faults().filter((fault) => !/400/.test(fault))).toEqual([]);
  });

  it('shows what another window books, and recovers after the network was cut', async () => {
    const { opd, page, url } = await openDesk();
    const other = await page.context().newPage();
    await other.goto(`${url}/desk`);
    await other.locator('[data-token]').first().waitFor();
    await other.locator('#book-patient_name').fill('Ravi Iyer');
    await other.locator('#book-patient_name').press('Enter');
    await page.getByRole('region', { name: '09:00–10:00' }).getByText('Ravi Iyer').waitFor();
    await page.context().setOffline(true);
    await page.getByText(/No connection since \d\d:\d\d\./).waitFor();
    await opd.book('W9');
    await page.context().setOffline(false);
    await page.getByText('W9').waitFor();
    await page.getByText(/No connection/).waitFor({ state: 'detached' });
  });

  it('finds a patient of another day, prints a slip and the day, and says what a key may not do', async () => {
    const { opd, page, url } = await openDesk({ nine: 'O1+ E2!', ten: 'W3' });
    await page.addInitScript({ content: 'window.print = () => undefined' });
    await opd.book('Meera Nair', { slot_id: 'doc1_slot2@2026-11-24', patient_id: 'MR 5' });
    const desk = await opd.key({ role: 'desk' });
    await page.goto(`${url}/desk`);
    await page.getByLabel('Access key').fill(desk);
    await press(page, 'Enter');
    await page.locator('[data-token]').first().waitFor();
    await press(page, 'Alt+f', 'meera', 'Enter');
    await page.getByText('Found: 1').waitFor();
    await page.getByRole('button', { name: /Meera Nair/ }).click();
    const chosen = page.getByRole('button', { expanded: true, name: /Meera Nair/ });
    await chosen.waitFor();
    expect(page.url()).toContain('date=2026-11-24');
    await page.route('**/book', async (route) => {
      const response = await route.fetch();
      const booked = (await response.json()) as object;
      await route.fulfill({ response, json: { ...booked, status_url: 'http://opd.example/t/x' } });
    });
    await page.locator('#book-patient_name').fill('Ravi Iyer');
    await press(page, 'Enter');
    await done(page, 'Number 2, Ravi Iyer, is booked for Tuesday, 24 November, 09:00.');
    await press(page, 'Alt+p');
    await page.getByAltText('http://opd.example/t/x').waitFor({ state: 'attached' });
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    const slip = page.locator('.slip');
    await slip.getByText('09:00–10:00').waitFor();
    expect(await slip.isVisible()).toBe(true);
    expect(await page.locator('.desk').isVisible()).toBe(false);
    await page.screenshot({ path: `${process.env['SCREENSHOTS'] ?? '/tmp'}/desk-slip.png` });
    await page.evaluate(`dispatchEvent(new Event('afterprint'))`);
    await page.getByRole('region', { name: '10:00–11:00' }).waitFor();
    await page.emulateMedia({ media: null });
    await page.getByRole('button', { name: 'Today' }).click();
    await page.getByText('O1', { exact: true }).waitFor();
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    await page.screenshot({ path: `${process.env['SCREENSHOTS'] ?? '/tmp'}/desk-day.png` });
    await page.emulateMedia({ media: null });
    await page.getByLabel('Announce on all boards').fill('The laboratory is closed.');
    await press(page, 'Enter');
    await page.getByText('The boards show: The laboratory is closed.').waitFor();
    const { body } = await opd.as(desk).get('/announcement');
    expect(body).toEqual({ text: 'The laboratory is closed.' });
    await page.getByRole('button', { name: 'End the announcement' }).click();
    await page.getByText('The boards show:').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Change 09:00–10:00' }).click();
    await page.getByRole('button', { name: 'Show what would change' }).first().click();
    await page
      .getByText('Your access key may not do this. It needs one of these roles: admin.')
      .waitFor();
    await postOk(opd.as(desk), '/complete', {
      token_id: (await tokensNamed(opd.as(desk), 'E2'))[0]?.id ?? '',
    });
    await page.getByRole('button', { name: 'Call next Alt C', exact: true }).waitFor();
  });
});
