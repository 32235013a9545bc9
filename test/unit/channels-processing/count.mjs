/** Counts up to a number, the slow way. */
export default function count({ payload }) {
  if (payload < 0) throw new RangeError('negative');
  let number = 0;
  while (number < payload) number++;
  return number;
}
