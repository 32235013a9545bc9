import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHROMIUM } from './chromium.js';

/** JavaScript, which runs when the site is made. */
const BUNDLE: string = '../../scripts/site/bundle.mjs';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser.close());

/** The page as the site has it: its text, and the script that typedoc puts in. */
async function open(): Promise<Page> {
  const { bundle } = (await import(BUNDLE)) as { bundle: () => string };
  const markdown = readFileSync(new URL('../../docs/try-routes.md', import.meta.url), 'utf8');
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.setContent(markdown.slice(markdown.indexOf('<div')));
  await page.addScriptTag({ path: bundle() });
  return page;
}

/** The value in the table behind a name. */
function value(page: Page, name: string): Promise<string> {
  return page
    .locator('tr', { has: page.locator('th', { hasText: name }) })
    .locator('td')
    .innerText();
}

describe('the page on which one can try routes', { timeout: 30_000 }, () => {
  it('tells of every key which rule decides and where the address leads', async () => {
    const page = await open();
    await page.getByLabel('Routes').fill('orders/%  amqps://user:secret@a.example/orders-$1\n\n*  amqp://b.example/$1');
    await page.getByLabel('Rewrites').fill('orders/%');
    await page.getByLabel('Address').fill('orders/eu');
    expect(await value(page, 'Route')).toContain('$1 = eu');
    expect(await value(page, 'Leads to')).toBe('amqps://***@a.example/orders-eu');
    expect(await value(page, 'Connection')).toBe('TLS to a.example, port 5671, node orders-eu, with a user of its own');
    expect(await value(page, 'The message says')).toBe('nothing');

    await page.getByLabel('Address').fill('orders/eu/west');
    expect(await value(page, 'Leads to')).toBe('amqp://b.example/orders/eu/west');
    expect(await page.locator('label', { hasText: 'Routes' }).innerText()).toContain('line 3 decides');
  });

  it('says what is wrong with a line, and takes what is typed for text', async () => {
    const page = await open();
    await page.getByLabel('Routes').fill('a amqp://h/a\nb');
    expect(await page.getByText('Routes, line 2 has no address behind its pattern.').count()).toBe(1);
    await page.getByLabel('Routes').fill('* amqp://h/<img/src=x>$1');
    await page.getByLabel('Address').fill('<b>x</b>');
    expect(await value(page, 'Leads to')).toBe('amqp://h/<img/src=x><b>x</b>');
    expect(await page.locator('img, b').count()).toBe(0);
  });
});
