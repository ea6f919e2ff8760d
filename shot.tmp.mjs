import { chromium } from 'playwright-core';
const [,, base, query, name, ...looks] = process.argv;
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless','--no-sandbox','--disable-gpu'] });
for (const look of looks) {
  const [scheme, w, lang='en'] = look.split('-');
  const c = await b.newContext({ colorScheme: scheme, viewport: { width: +w, height: +w > 800 ? 800 : 844 } });
  const p = await c.newPage();
  p.on('console', m => m.type()==='error' && console.log(look, m.text()));
  p.on('pageerror', e => console.log(look, e.message));
  await p.goto(`${base}/reports?lang=${lang}&${query}`);
  await p.locator('.chart').first().waitFor({ timeout: 20000 });
  await p.waitForTimeout(500);
  console.log(look, 'width', await p.evaluate('document.documentElement.scrollWidth'));
  await p.screenshot({ path: `/tmp/rep/${name}-${look}.png`, fullPage: true });
  if (w === '1280') await p.pdf({ path: `/tmp/rep/${name}-${look}.pdf`, format: 'A4' });
}
await b.close();
