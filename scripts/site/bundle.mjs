import { buildSync } from 'esbuild';
import { fileURLToPath } from 'node:url';

/** Makes the script of the site, one file that runs in a page from a disk, too, and returns its path. */
export function bundle() {
  const outfile = fileURLToPath(new URL('../../node_modules/.cache/site/try-routes.js', import.meta.url));
  const entry = fileURLToPath(new URL('try-routes.mjs', import.meta.url));
  buildSync({ entryPoints: [entry], outfile, bundle: true, minify: true, format: 'iife', target: 'es2022' });
  return outfile;
}
