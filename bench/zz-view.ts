import { chromium } from 'playwright-core';
import { readdirSync, readFileSync, mkdirSync } from 'node:fs';
const b = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
mkdirSync('/tmp/demo-view', { recursive: true });
for (const f of readdirSync('.screenshots')) {
  const p = await b.newPage();
  await p.setContent(
    `<body style="margin:0"><img src="data:image/webp;base64,${readFileSync('.screenshots/' + f).toString('base64')}">`,
  );
  await p.locator('img').screenshot({ path: `/tmp/demo-view/${f.replace('.webp', '.png')}` });
}
await b.close();
