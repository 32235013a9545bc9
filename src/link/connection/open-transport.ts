import type { Endpoint } from '../../address/endpoint.js';
import type { AnswerWatch } from './answer-watch.js';
import type { ConnectionSettings } from './connection-settings.js';
import type { Credentials } from '../security/credentials.js';
import { QUIET_CONNECTION } from '../rhea/rhea-seam.js';
import { SaslClient } from '../security/sasl-client.js';
import { hasCertificate } from '../security/tls.js';
import { FrameLog } from '../wire/frame-log.js';
import { Transport } from './transport.js';
import type { TransportOwner } from './transport.js';

/**
 * Dials an endpoint: a socket, rhea's connection, and the transport between them.
 *
 * @throws AuthenticationError when credentials would go out in clear text; OptionError for a TLS file that cannot be read.
 */
export function openTransport(
  endpoint: Endpoint,
  credentials: Credentials,
  settings: ConnectionSettings,
  owner: TransportOwner,
  answers: AnswerWatch,
): Transport {
  const { limits, budget, environment } = settings;
  let socketReady = (): void => undefined;
  const hostname = hostnameFor(endpoint, settings.hostname);
  const terms = {
    hostname,
    mechanisms: settings.sasl?.mechanisms,
    allowInsecure: settings.allowInsecureMechs,
    hasCertificate: hasCertificate(settings.tls),
  };
  const sasl = new SaslClient(endpoint, credentials, terms, (frame) => transport.gate.write(frame));
  const { host, port } = endpoint;
  const tls = endpoint.tls ? settings.tls : undefined;
  const socket = environment.dial({ host, port, tls }, () => socketReady());
  const rhea = settings.container.create_connection({
    ...QUIET_CONNECTION,
    host,
    hostname,
    port,
    max_frame_size: limits.maxFrameSize,
    channel_max: limits.channelMax,
    idle_time_out: limits.idleTimeout || undefined,
    sasl_mechanisms: sasl.mechanisms,
    connect: (_port: number, _host: string, _options: object, connected: () => void) => {
      socketReady = connected;
      return transport.gate;
    },
  });
  const frames = FrameLog.of(`${host}:${port}`);
  const { clock } = environment;
  const transport: Transport = new Transport(socket, { rhea, limits, budget, clock, sasl, answers, frames }, owner);
  rhea.connect();
  return transport;
}

/** The host that the peer is told we want (AMQP 1.0 §2.7.1): a virtual host, or the one that is dialled. */
function hostnameFor({ host, port }: Endpoint, wanted: ConnectionSettings['hostname']): string {
  if (typeof wanted === 'string') return wanted;
  return wanted?.[`${host}:${port}`] ?? wanted?.[host] ?? host;
}
