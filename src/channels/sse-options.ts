import type { ChannelOptions } from './abstract-channel.js';

/** How a channel for server-sent events behaves. */
export type SseChannelOptions = ChannelOptions;
