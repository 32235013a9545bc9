import fc from 'fast-check';

/**
 * fast-check, with generators that reach the lengths they are given: without this setting no array, text or bytes have more
 * than ten elements, whatever their `maxLength` says, and a property about long ones tests nothing.
 */
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });

export default fc;
