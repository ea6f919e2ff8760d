import { expect, it } from 'vitest';
import { openApp } from '../support/app/app.ts';

const TEXT = 'The laboratory is closed today.';

it('an announcement is told until it is ended', async () => {
  const opd = await openApp();
  expect(await opd.get('/announcement')).toMatchObject({ status: 200, body: { text: null } });
  expect(await opd.put('/announcement', { text: ` ${TEXT} ` })).toMatchObject({
    status: 200,
    body: { text: TEXT },
  });
  expect(await opd.get('/announcement')).toMatchObject({ body: { text: TEXT } });
  expect(await opd.put('/announcement', { text: null })).toMatchObject({ body: { text: null } });
  expect(await opd.get('/announcement')).toMatchObject({ body: { text: null } });
});

it('an announcement is on record with its actor, once', async () => {
  const opd = await openApp();
  const admin = await opd.key({ role: 'admin' });
  const desk = opd.as(await opd.key({ role: 'desk', name: 'front' }));
  for (const text of [TEXT, TEXT, null]) await desk.put('/announcement', { text });
  const { body } = await opd.as(admin).get<{ entries: object[] }>('/audit?actor=front');
  expect(body.entries).toMatchObject([
    { kind: 'doctor_set', doctor_id: null, actor: 'front' },
    { kind: 'doctor_set', doctor_id: null, actor: 'front' },
  ]);
});

it('the holidays and the announcement leave each other alone', async () => {
  const opd = await openApp();
  await opd.put('/announcement', { text: TEXT });
  const holidays = [{ date: '2026-12-25', name: 'Christmas' }];
  expect(await opd.put('/holidays', holidays)).toMatchObject({ status: 200 });
  expect(await opd.get('/announcement')).toMatchObject({ body: { text: TEXT } });
  await opd.put('/announcement', { text: null });
  expect(await opd.get('/holidays')).toMatchObject({ body: { holidays } });
});

it.each([[{}], [{ text: '' }], [{ text: ' ' }], [{ text: 'x'.repeat(201) }], [{ text: 'a\nb' }]])(
  'refuses %j',
  async (body) => {
    const opd = await openApp();
    expect(await opd.put('/announcement', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  },
);
