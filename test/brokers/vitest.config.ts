import { suite } from '../suite.js';

export default suite('brokers', {
  // A broker keeps a small machine busy: one at a time.
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
});
