// What the processes of the job say to one another.

/** What a process is told before it starts. */
export interface Job {
  /** Its name, in the report and as AMQP container-id. */
  name: string;
  /** What `${broker}` in routes.json stands for. */
  broker: string;
  /** The group id of every message of this run: what an earlier run has left in the queues is not ours to count. */
  run: string;
  /** How many messages there are. They are numbered from 0. */
  count: number;
}

/** What a process reports: that it is ready, what it has done since it last reported, or why it cannot go on. */
export type Report =
  | { kind: 'ready' }
  | { kind: 'sent'; accepted: number; refused: number }
  | ({ kind: 'taken' } & Taken)
  | { kind: 'failed'; reason: string };

/** What a consumer has done: the numbers of the messages, and how many of another run it has cleared away. */
export interface Taken {
  accepted: number[];
  rejected: number[];
  released: number[];
  stale: number;
}
