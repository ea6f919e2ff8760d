import { chromium } from 'playwright-core';
const [,, base, query, name, look, ...ids] = process.argv;
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless','--no-sandbox','--disable-gpu'] });
const [scheme, w, lang='en', media='screen'] = look.split('-');
const c = await b.newContext({ colorScheme: scheme, viewport: { width: +w, height: 1100 } });
const p = await c.newPage();
await p.goto(`${base}/reports?lang=${lang}&${query}`);
await p.locator('.chart').first().waitFor({ timeout: 20000 });
if (media==='print') await p.emulateMedia({ media: 'print' });
await p.waitForTimeout(500);
for (const id of ids) {
  if (id === 'top') await p.screenshot({ path: `/tmp/rep/c-${name}-top.png` });
  else await p.locator(`section[aria-labelledby=${id}]`).screenshot({ path: `/tmp/rep/c-${name}-${id}.png` });
}
await b.close();
