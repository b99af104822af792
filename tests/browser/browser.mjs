// Debian's Chromium, and pages that fail their test when a script on them fails.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const { chromium } = createRequire(join(process.env.MARGAY_NODE_MODULES, "x"))("playwright-core");
const screenshots = process.env.MARGAY_SCREENSHOTS;

export const sizes = {
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, colorScheme: "light" },
  desk: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  night: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
};

export class Browser {
  #browser;
  errors = [];

  // `flags` are the program's own, as "--lang=de".
  static async launch(flags = []) {
    const browser = new Browser();
    // Its sandbox needs what containers and root do not have; it only sees our own pages.
    const executablePath = "/usr/bin/chromium";
    browser.#browser = await chromium.launch({
      executablePath, chromiumSandbox: false, args: flags,
    });
    await mkdir(screenshots, { recursive: true });
    return browser;
  }

  // A page of its own: no storage is shared.
  async open(url, size = sizes.desk) {
    const context = await this.#browser.newContext(size);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => this.errors.push(error));
    await page.goto(url);
    return page;
  }

  async close() {
    await this.#browser.close();
    assert.deepEqual(this.errors, []);
  }
}

// For people to look at; that nothing sticks out sideways can be checked here.
export async function shoot(page, name) {
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
  const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= room, `${name} is ${width} px wide where there are ${room}`);
}
