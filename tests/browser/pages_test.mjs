// Every kind of page in Chromium, in all six languages, wide and narrow: language and direction,
// landmarks, one h1, no accessibility finding, no horizontal scrolling on a telephone, no error in
// the console (a blocked script or style is one), and usable without JavaScript and by keyboard.
// Screenshots go to <build>/screenshots/.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { startEstate } from './estate.mjs';

const source = process.env.BULKHEAD_SOURCE;
const require = createRequire(path.join(source, 'web/package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const LANGUAGES = ['en', 'fr', 'es', 'ar', 'zh', 'ru'];
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
// A page of each kind; `languages` where not all six are worth the time.
const PAGES = [
  { service: 'website', path: '' },
  { service: 'website', path: 'news', languages: ['en', 'ar'] },
  { service: 'website', path: 'no-such-page', status: 404, languages: ['en', 'ar'] },
  { service: 'gisis', path: '' },
  { service: 'gisis', path: 'ships' },
  { service: 'gisis', path: 'piracy', languages: ['en', 'ar'] },
  { service: 'gisis', path: 'ports', languages: ['en', 'ar'] },
  { service: 'gisis', path: 'data', languages: ['en', 'ar'] },
  { service: 'imodocs', path: '' },
  { service: 'imodocs', path: 'search?q=ship', languages: ['en', 'ar'] },
  { service: 'publications', path: '' },
  { service: 'meetings', path: '', languages: ['en', 'ar'] },
  { service: 'status', path: '', languages: ['en', 'ar'] },
];
// Pages that are reached from a list, by the first link that fits.
const LINKED_PAGES = [
  { name: 'news item', service: 'website', from: 'news', link: 'main a[href*="/news/"]' },
  { name: 'record', service: 'gisis', from: 'ships', link: 'main tbody a' },
  { name: 'document', service: 'imodocs', from: '', link: 'main a[href*="/documents/"]' },
  { name: 'book', service: 'publications', from: '', link: 'main a[href*="/publications/"]' },
];

const screenshots = path.join(process.env.BULKHEAD_BIN, '../screenshots');
mkdirSync(screenshots, { recursive: true });

let estate;
let browser;
before(async () => {
  estate = await startEstate();
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
           '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(async () => {
  await browser?.close();
  await estate?.stop();
});

async function open(size, options = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of [45]\d\d/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints, close: () => context.close() };
}

// What must hold of a page however wide the screen is.
async function checkLayout(page, url, { name, language, size }) {
  await page.setViewportSize(SIZES[size]);
  const overflow = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${url} (${size}): ${overflow} px wider than the screen`);
  if (size === 'narrow') {
    const cut = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((each) =>
      ['auto', 'scroll'].includes(getComputedStyle(each).overflowX)
        && each.scrollWidth > each.clientWidth + 1).map((each) => each.outerHTML.slice(0, 80)));
    assert.deepEqual(cut, [], `${url}: nothing has to be pushed sideways to be read`);
  }
  await page.screenshot({ path: path.join(screenshots, `${name}-${language}-${size}.png`) });
  const { findings, rules } = await page.evaluate('axe.run(document)'
    + '.then((r) => ({ findings: r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target).join(" ")),'
    + ' rules: r.passes.map((rule) => rule.id) }))');
  assert.ok(rules.includes('heading-order'), `${url}: axe looked at the order of the headings`);
  assert.deepEqual(findings, [], `${url} (${size}): accessibility`);
}

async function checkPage({ page, complaints }, url, { name, status = 200, language }) {
  complaints.length = 0;
  const response = await page.goto(url);
  assert.equal(response.status(), status, url);
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    dir: document.documentElement.dir || 'ltr',
    h1: document.querySelectorAll('h1').length,
    main: document.querySelectorAll('main').length,
    title: document.title,
    // A heading below another stands one level deeper: cards of a section are not its equals.
    flat: [...document.querySelectorAll('section[aria-labelledby]')].flatMap((section) => {
      const own = document.getElementById(section.getAttribute('aria-labelledby'));
      return [...section.querySelectorAll('h1, h2, h3, h4, h5, h6')]
        .filter((heading) => heading !== own && heading.tagName <= own.tagName)
        .map((heading) => heading.textContent.trim());
    }),
  }));
  assert.equal(facts.lang, language, `${url}: lang`);
  assert.equal(facts.dir, language === 'ar' ? 'rtl' : 'ltr', `${url}: dir`);
  assert.equal(facts.h1, 1, `${url}: one h1`);
  assert.equal(facts.main, 1, `${url}: one main`);
  assert.deepEqual(facts.flat, [], `${url}: headings as deep as their section's own`);
  assert.ok(facts.title.length > 0, `${url}: title`);
  // axe is evaluated by the debugger, which a page's content security policy does not bind.
  await page.evaluate(axe);
  for (const size of Object.keys(SIZES)) await checkLayout(page, url, { name, language, size });
  assert.deepEqual(complaints, [], `${url}: console`);
}

for (const entry of PAGES) {
  test(`${entry.service} /${entry.path}`, async () => {
    const opened = await open('wide');
    for (const language of entry.languages ?? LANGUAGES) {
      const name = `${entry.service}-${entry.path.replace(/\W+/g, '-') || 'home'}`;
      const url = estate.url(entry.service, `/${language}/${entry.path}`);
      await checkPage(opened, url, { name, status: entry.status, language });
    }
    await opened.close();
  });
}

async function firstLink(url, selector) {
  const { page, close } = await open('wide');
  await page.goto(url);
  const target = await page.locator(selector).first().evaluate((link) => link.href);
  await close();
  return target;
}

for (const { name, service, from, link } of LINKED_PAGES) {
  test(`${service}: a ${name}`, async () => {
    const opened = await open('wide');
    for (const language of ['en', 'ar']) {
      const url = await firstLink(estate.url(service, `/${language}/${from}`), link);
      await checkPage(opened, url, { name: `${service}-${name.replace(' ', '-')}`, language });
    }
    await opened.close();
  });
}

test('a chapter is read in a frame of another origin, where no script runs', async () => {
  const book = await firstLink(estate.url('publications', '/en/'), 'main a[href*="/publications/"]');
  const { page, complaints, close } = await open('wide');
  await page.goto(book);
  await Promise.all([page.waitForURL(/\/read/), page.click('main a[href*="/read"]')]);
  const frame = page.frames().find((candidate) => candidate !== page.mainFrame());
  assert.ok(frame, 'a frame');
  await frame.waitForLoadState();
  assert.equal(new URL(frame.url()).hostname, 'books.publications.localhost');
  const sandbox = await page.locator('iframe').getAttribute('sandbox');
  assert.ok(sandbox !== null && !sandbox.includes('allow-scripts'), `sandbox="${sandbox}"`);
  assert.ok((await frame.locator('body').innerHTML()).trim().length > 10, 'the chapter is empty');
  assert.deepEqual(complaints, []);
  await page.screenshot({ path: path.join(screenshots, 'publications-reader-en-wide.png') });
  await close();
});

test('a link from chapter to chapter takes the contents list along, without JavaScript', async () => {
  const { page, complaints, close } = await open('wide', { javaScriptEnabled: false });
  await page.goto(estate.url('publications', '/ar/publications/ship-guide-en/read/6'));
  const frame = page.frameLocator('iframe.reader-text');
  await Promise.all([page.waitForURL(/\/ar\/.*\/read\/4\?at=writing-a-position$/),
                     frame.locator('a[target="_top"]').first().click()]);
  const place = await page.locator('.book-contents a[aria-current]').getAttribute('href');
  assert.equal(new URL(place, page.url()).href, page.url());
  assert.deepEqual(complaints, []);
  await page.screenshot({ path: path.join(screenshots, 'publications-reader-linked.png') });
  await close();
});

test('behind a pass a chapter is shown with its style sheet', async () => {
  estate.bulkhead('expose', 'publications', '--to', 'members');
  const link = estate.bulkhead('pass', 'issue').match(/https:\/\/publications\.\S+/)[0];
  const { page, complaints, close } = await open('wide');
  await page.goto(link);
  const styles = page.waitForResponse((response) => response.url().endsWith('/reading.css'));
  await page.goto(estate.url('publications', '/en/publications/ship-guide-en/read/1'));
  assert.equal((await styles).status(), 200);
  assert.deepEqual(complaints, []);
  await close();
  estate.bulkhead('expose', 'publications', '--to', 'public');
});

test('the language switch stays on the page, without JavaScript', async () => {
  const { page, close } = await open('wide', { javaScriptEnabled: false });
  await page.goto(estate.url('website', '/en/news'));
  await Promise.all([page.waitForURL(/\/fr\/news/), page.click('a[hreflang="fr"][lang="fr"]')]);
  await close();
});

test('the first Tab reaches the skip link, and it leads to the content', async () => {
  const { page, close } = await open('wide');
  await page.goto(estate.url('gisis', '/en/'));
  await page.keyboard.press('Tab');
  const target = await page.evaluate(() => document.activeElement.getAttribute('href'));
  assert.match(target ?? '', /^#/);
  await page.keyboard.press('Enter');
  assert.equal(new URL(page.url()).hash, target);
  await close();
});

test('a filter without JavaScript ends up in the URL and narrows the list', async () => {
  const { page, close } = await open('wide', { javaScriptEnabled: false });
  await page.goto(estate.url('gisis', '/en/ships'));
  const before = await page.locator('main tbody tr').count();
  await page.fill('main input[type=search]', 'zzzz-no-such-ship');
  await Promise.all([page.waitForURL(/zzzz-no-such-ship/), page.keyboard.press('Enter')]);
  assert.ok(before > 0);
  assert.equal(await page.locator('main tbody tr').count(), 0);
  await close();
});

test('a sealed service says so in the visitor\'s language and leads to the status page', async () => {
  estate.bulkhead('seal', 'website', '--reason', 'browser test');
  const { page, close } = await open('narrow');
  for (const language of LANGUAGES) {
    const response = await page.goto(estate.url('website', `/${language}/`));
    assert.equal(response.status(), 503);
    assert.equal(await page.evaluate(() => document.documentElement.lang), language);
    assert.ok(await page.locator('a[href*="status.localhost"]').count() > 0, language);
    await page.screenshot({ path: path.join(screenshots, `sealed-${language}.png`) });
  }
  await page.goto(estate.url('status', '/en/'));
  await page.screenshot({ path: path.join(screenshots, 'status-sealed-en.png') });
  assert.match(await page.textContent('main'), /website/i);
  await close();
});
