// Opens every page of a folder in Chromium and compares what the browser has with what was written.
const fs = require('fs');
const os = require('os');
const path = require('path');
const { pathToFileURL } = require('url');
const { chromium } = require('playwright-core');

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

// A way to open pages: for each, what it did while it was open, and what the browser made of it.
async function opener(browser, javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled });
  const page = await context.newPage();
  let here = '';
  let faults = [];
  page.on('request', (r) => {
    if (r.url() !== here && !r.url().startsWith('data:image/')) faults.push('request');
  });
  page.on('console', () => faults.push('console'));
  page.on('pageerror', () => faults.push('error'));
  page.on('popup', () => faults.push('popup'));
  page.on('dialog', (d) => { faults.push('dialog'); d.dismiss(); });
  return async (file) => {
    here = pathToFileURL(file).href;
    faults = [];
    await page.goto(here);
    const [elements, text, broken] = await page.evaluate(() => [
      [...document.querySelectorAll('*')].map((e) => e.localName),
      document.body.textContent,
      [...document.images].filter((i) => i.complete && i.naturalWidth === 0).length,
    ]);
    return { faults, elements, text, broken };
  };
}

async function main(folder) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'browser-'));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
  let bad = 0;
  const complain = (words) => { bad += 1; console.error(words); };
  try {
    // A page that does everything pages must not: each of it has to be seen, or seeing nothing proves nothing.
    const control = path.join(profile, 'control.html');
    fs.writeFileSync(control,
      '<img src="http://127.0.0.1:9/x.png"><script>console.error(1); alert(1); throw 1</script>');
    const open = { true: await opener(browser, true), false: await opener(browser, false) };
    const { faults } = await open.true(control);
    for (const kind of ['request', 'console', 'dialog', 'error']) {
      if (!faults.includes(kind)) complain(`control: ${kind} was not seen`);
    }

    const pages = fs.readdirSync(folder).filter((f) => f.endsWith('.html')).sort();
    if (pages.length < 20) complain(`only ${pages.length} pages`);
    for (const name of pages) {
      const file = path.join(folder, name);
      const expected = JSON.parse(fs.readFileSync(file.replace(/html$/, 'json'), 'utf8'));
      for (const scripts of [true, false]) {
        const seen = await open[scripts](file);
        const where = `${name}, scripts ${scripts ? 'on' : 'off'}`;
        if (seen.faults.length) complain(`${where}: ${[...new Set(seen.faults)].join(', ')}`);
        if (seen.elements.join() !== expected.elements.join()) complain(`${where}: other elements`);
        if (seen.text !== expected.text) complain(`${where}: another text`);
        if (seen.broken && !name.startsWith('hostile')) complain(`${where}: ${seen.broken} broken images`);
      }
    }
    console.log(`${pages.length} pages opened twice, ${bad} faults`);
  } finally {
    await browser.close();
    fs.rmSync(profile, { recursive: true });
  }
  process.exitCode = bad ? 1 : 0;
}

main(process.argv[2]);
