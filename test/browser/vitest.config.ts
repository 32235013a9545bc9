import { suite } from '../suite.js';

export default suite('browser', {
  globalSetup: 'test/browser/chromium.ts',
  testTimeout: 120_000,
  hookTimeout: 60_000,
});
