import { z } from 'zod';
import { parseAddress } from '../address/address.js';
import { resolveEndpoint } from '../address/endpoint.js';
import { AddressError } from '../errors.js';
import type { ConfigData } from './config.js';

const milliseconds = (lowest = 0): z.ZodInt => z.int().min(lowest);
const bytes = (lowest = 1): z.ZodInt => z.int().min(lowest);
const path = z.string().min(1).describe('The path of a PEM file, from the folder of this file.');

const pattern = z
  .string()
  .min(1)
  .describe('What the whole address must look like: % matches anything but a slash, * matches anything.');
const address = z
  .string()
  .min(1)
  .superRefine((text, context) => complain(context, () => text.includes('$') || resolveEndpoint(parseAddress(text))))
  .describe('Where it goes: $1 stands for what the first wildcard of the pattern matched.');

const route = z.strictObject({ pattern, address });
const rewrite = z.strictObject({
  pattern,
  address: z
    .union([z.string(), z.null()], { error: 'must be text, or null to leave it out.' })
    .describe('What the message says instead of its address; null to say nothing.'),
});

const host = z
  .string()
  .min(1)
  .superRefine((text, context) =>
    complain(context, () => {
      const { scheme, user, name } = parseAddress(text);
      if (scheme === undefined && user === undefined && name === undefined) return resolveEndpoint(parseAddress(text));
      throw new AddressError('A host is written host or host:port, without scheme, user and name.');
    }),
  );

const tls = z
  .strictObject({
    ca: z.string().exactOptional().describe('Certificates of the authorities to trust, as PEM.'),
    caFile: path.exactOptional(),
    cert: z.string().exactOptional().describe('Our certificate, as PEM.'),
    certFile: path.exactOptional(),
    key: z.string().exactOptional().describe('The private key of the certificate, as PEM.'),
    keyFile: path.exactOptional(),
    passphrase: z.string().exactOptional().describe('The pass-phrase of the key. file:PATH takes it from a file.'),
    servername: z.string().exactOptional().describe('The name the certificate must carry. Default: the host.'),
    rejectUnauthorized: z.boolean().exactOptional().describe('false takes any certificate: only for tests.'),
  })
  .describe('Certificates and keys, for amqps addresses.');

const sasl = z
  .strictObject({
    mechanisms: z
      .array(z.enum(['EXTERNAL', 'XOAUTH2', 'PLAIN', 'ANONYMOUS']))
      .min(1)
      .exactOptional()
      .describe('What may be used, if the peer offers it.'),
    user: z.string().exactOptional().describe('The user, where an address has none. file:PATH takes it from a file.'),
    password: z
      .string()
      .exactOptional()
      .describe('The password. file:PATH takes it from a file, ${NAME} from outside.'),
    passwordFile: z.string().min(1).exactOptional().describe('A file with the password, read for every connection.'),
    token: z.string().exactOptional().describe('A token for XOAUTH2. file:PATH takes it from a file.'),
  })
  .describe('Who we are, where an address does not say it.');

const reconnect = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        initial: z.boolean().exactOptional().describe('Also when the first attempt of all fails. Default false.'),
        delay: milliseconds().exactOptional().describe('Milliseconds the first delay is drawn from. Default 1000.'),
        maxDelay: milliseconds().exactOptional().describe('The largest delay, in milliseconds. Default 30000.'),
        retries: z
          .int()
          .min(0)
          .exactOptional()
          .describe('Failed attempts in a row before giving up. Default no limit.'),
        refused: z.boolean().exactOptional().describe('Also when the credentials are refused. Default false.'),
      }),
    ],
    { error: 'must be false, or a group of keys: initial, delay, maxDelay, retries, refused.' },
  )
  .describe('How lost connections are opened again; false gives up at once.');

const connections = z
  .strictObject({
    hosts: z
      .record(z.string(), z.array(host))
      .exactOptional()
      .describe('Other hosts to go to, by the host, or host:port, that an address names.'),
    tls: tls.exactOptional(),
    sasl: sasl.exactOptional(),
    credentials: z
      .record(z.string(), sasl)
      .exactOptional()
      .describe('Who to be at single hosts, by host or host:port.'),
    dialPeerHosts: z.boolean().exactOptional().describe('Dial hosts that only peers have named. Default false.'),
    containerIdsAsHosts: z
      .boolean()
      .exactOptional()
      .describe('Let addresses stand for peers that call themselves by their host. Default false.'),
    allowInsecureMechs: z.boolean().exactOptional().describe('Send passwords in clear text. Default false.'),
    reconnect: reconnect.exactOptional(),
    outgoingWindow: z.int().exactOptional().describe('Above 0: sent at least once. 0: at most once. Default 0.'),
    incomingWindow: z
      .int()
      .exactOptional()
      .describe('How many received messages may wait for an outcome. 0 accepts at once. Default 0.'),
    defaultOutcome: z
      .enum(['accepted', 'rejected', 'released', 'modified'])
      .exactOptional()
      .describe('What becomes of a message that falls out of the incoming window. Default released.'),
    hostname: z
      .union([z.string().min(1), z.record(z.string(), z.string().min(1))], {
        error: 'must be a name, or names by host or host:port.',
      })
      .exactOptional()
      .describe('The virtual host that peers are told we want; one for all, or by host or host:port.'),
    capabilities: z
      .union([z.array(z.string().min(1)), z.record(z.string().min(1), z.array(z.string().min(1)))], {
        error: 'must be a list of names, or lists by pattern of the node.',
      })
      .exactOptional()
      .describe('What nodes are to be: [queue], or [topic]; or lists by pattern of the name of the node.'),
    senderSettleMode: z.enum(['unsettled', 'settled', 'mixed']).exactOptional().describe('Who settles.'),
    receiverSettleMode: z.enum(['first', 'second']).exactOptional().describe('When a receiver settles. Default first.'),
    timeout: z.int().exactOptional().describe('The time limit of send, recv and stop, in milliseconds.'),
    connectTimeout: milliseconds(1).exactOptional().describe('How long opening may take. Default 15000 milliseconds.'),
    answerTimeout: milliseconds()
      .exactOptional()
      .describe(
        'How long a peer may leave attaches and messages unanswered. Default 6000 with other hosts, else 60000.',
      ),
    idleTimeout: milliseconds().exactOptional().describe('Silence that means death is twice this. Default 60000.'),
    closeIdleAfter: milliseconds().exactOptional().describe('When an unused link is closed. Default 0: never.'),
    maxFrameSize: bytes(512).exactOptional().describe('The largest frame taken from a peer. Default 1 MiB.'),
    maxMessageSize: bytes().exactOptional().describe('The largest message taken from a peer. Default 16 MiB.'),
    maxRedeliveries: z.int().min(0).exactOptional().describe('How often a message is sent again. Default no limit.'),
    maxOutgoing: z
      .strictObject({
        messages: z.int().min(1).exactOptional().describe('Messages without an outcome. Default 1000000.'),
        bytes: bytes().exactOptional().describe('Their bytes. Default 1 GiB.'),
      })
      .exactOptional()
      .describe('How much may be queued for sending.'),
    maxIncoming: z
      .strictObject({
        bytes: bytes().exactOptional().describe('Bytes that may wait to be got. Default 1 GiB.'),
      })
      .exactOptional()
      .describe('How much may wait to be got before peers may send no more.'),
    listen: z
      .strictObject({
        users: z.record(z.string(), z.string()).exactOptional().describe('Users and their passwords.'),
        anonymous: z.boolean().exactOptional().describe('Whether others may come. Default: only without users.'),
        maxConnections: z.int().min(1).exactOptional().describe('Connections there may be. Default 1000.'),
        maxConnectionsPerHost: z
          .int()
          .min(1)
          .exactOptional()
          .describe('Connections that one host may have. Default half of maxConnections, and at least 16.'),
        maxSessions: z.int().min(1).exactOptional().describe('Sessions of a connection. Default 1024.'),
        maxLinks: z.int().min(1).exactOptional().describe('Links of a connection. Default 1024.'),
      })
      .exactOptional()
      .describe('Who may connect where it listens, and with how much.'),
  })
  .describe('What holds for every connection.');

const settings = {
  name: z.string().min(1).exactOptional().describe('The name peers know us by: the AMQP container-id.'),
  routes: z.array(route).exactOptional().describe('Where addresses lead. The first that matches decides.'),
  rewrites: z.array(rewrite).exactOptional().describe('What messages say as their address.'),
  connections: connections.exactOptional(),
};

/** The schema of the settings after a profile is applied. */
export const SETTINGS: z.ZodType<ConfigData> = z.strictObject(settings);

/** The schema of a profile. `null` is allowed for every optional setting, and removes it. */
const PROFILE = removable(z.strictObject(settings));

/** The schema of a file. */
export const FILE: z.ZodType = z
  .strictObject({
    $schema: z.string().exactOptional().describe('Where editors find this schema.'),
    ...settings,
    profiles: z
      .record(z.string(), PROFILE)
      .exactOptional()
      .describe(
        'Settings by the name of a profile. They go before those above when that profile is chosen; null takes one away.',
      ),
  })
  .describe('Configuration of amqp-messenger.');

/** The JSON schema for editors. It allows `${NAME}` in place of numbers and booleans. */
export function jsonSchema(): unknown {
  return z.toJSONSchema(FILE, {
    override: ({ jsonSchema: part }) => {
      if (part.type !== 'integer' && part.type !== 'boolean') return;
      const { description, ...rest } = part;
      for (const key of Object.keys(part)) Reflect.deleteProperty(part, key);
      if (rest.maximum === Number.MAX_SAFE_INTEGER) delete rest.maximum;
      if (rest.minimum === Number.MIN_SAFE_INTEGER) delete rest.minimum;
      Object.assign(part, { ...(description === undefined ? {} : { description }) });
      part.anyOf = [rest, { type: 'string', pattern: '\\$\\{' }];
    },
  });
}

/** A copy of a schema whose objects allow null for each optional property. */
function removable(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodUnion) {
    // The copy keeps the error texts of the original.
    return described(schema, schema.clone({ ...schema.def, options: schema.options.map(removable) }));
  }
  if (schema instanceof z.ZodRecord) {
    return described(schema, z.record(z.string(), z.nullable(removable(schema.valueType))));
  }
  if (!(schema instanceof z.ZodObject)) return schema;
  // The shape of an object has schemas for values.
  const shape = Object.entries(schema.shape as Readonly<Record<string, z.core.$ZodType>>).map(([key, value]) => {
    if (!(value instanceof z.ZodExactOptional)) return [key, value];
    return [key, described(value, z.exactOptional(z.nullable(removable(value.unwrap()))))];
  });
  return described(schema, z.strictObject(Object.fromEntries(shape) as Record<string, z.core.$ZodType>));
}

function described(original: z.ZodType, copy: z.ZodType): z.ZodType {
  return original.description === undefined ? copy : copy.describe(original.description);
}

/** Adds the error of an invalid address. Its message contains no part of the address. */
function complain(context: z.core.$RefinementCtx<string>, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    context.addIssue({ code: 'custom', message: `cannot be used. ${error.message}` });
  }
}
