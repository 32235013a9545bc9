import { createHmac, sign, timingSafeEqual, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { OptionError } from '../errors.js';

/** The algorithm of a signature. */
export type SignatureAlgorithm = 'hmac-sha256' | 'ed25519';

/** A signature as it goes with a message: JSON. */
export interface Signature {
  /** The id of the key that made it. */
  readonly key_id: string;
  /** The algorithm of the signature. */
  readonly algorithm: SignatureAlgorithm;
  /** The signature itself, in base64url. */
  readonly value: string;
}

/**
 * A key that signs or verifies. A secret of 32 bytes or more is for HMAC-SHA-256 (RFC 2104), an Ed25519 key for Ed25519
 * (RFC 8032): a private one signs, a public one verifies. The functions `createSecretKey`, `createPrivateKey` and
 * `createPublicKey` of `node:crypto` make them.
 */
export interface SignatureKey {
  /** Tells it from other keys. A new key with a new id is how keys are changed: verify with both for a while. */
  readonly id: string;
  /** The key. */
  readonly key: KeyObject;
  /** The only sender it speaks for. Without one, whoever has the key can sign as anybody. */
  readonly senderId?: string | undefined;
}

/** A secret has at least the length of the hash: a shorter one would be weaker than the hash. */
const LEAST_SECRET_BYTES = 32;

/** Signs bytes. @throws OptionError when the key cannot sign. */
export function makeSignature(key: SignatureKey, bytes: Buffer): Signature {
  const algorithm = algorithmOf(key);
  if (algorithm === 'ed25519' && key.key.type !== 'private') {
    throw new OptionError(`Key ${key.id} is public and cannot sign. Give the private key.`);
  }
  const value = algorithm === 'hmac-sha256' ? hmac(key.key, bytes) : sign(null, bytes, key.key);
  return { key_id: key.id, algorithm, value: value.toString('base64url') };
}

/**
 * Checks a signature by a key, with the algorithm that the key is for, never the one that the signature names. The time
 * it takes does not depend on where a signature is wrong.
 */
export function isSignatureOf(key: SignatureKey, signature: Signature, bytes: Buffer): boolean {
  const algorithm = algorithmOf(key);
  if (algorithm !== signature.algorithm) return false;
  const value = Buffer.from(signature.value, 'base64url');
  if (algorithm === 'ed25519') return verify(null, bytes, key.key, value);
  const right = hmac(key.key, bytes);
  return value.length === right.length && timingSafeEqual(value, right);
}

/** Returns the algorithm that a key is for. @throws OptionError for one that is for neither. */
export function algorithmOf({ id, key }: SignatureKey): SignatureAlgorithm {
  if (typeof id !== 'string' || id === '') throw new OptionError('A signature key must have an id.');
  if (key.type !== 'secret' && key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.type !== 'secret') throw new OptionError(`Key ${id} must be a secret or an Ed25519 key.`);
  if ((key.symmetricKeySize ?? 0) >= LEAST_SECRET_BYTES) return 'hmac-sha256';
  throw new OptionError(`The secret of key ${id} must have ${LEAST_SECRET_BYTES} bytes or more.`);
}

function hmac(key: KeyObject, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}
