import { suite } from '../suite.js';

export default suite('interop', {
  // What is missing is installed by whichever file needs it first, and apt-get does not like company.
  fileParallelism: false,
  testTimeout: 30_000,
  hookTimeout: 300_000,
});
