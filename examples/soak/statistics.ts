import type { Message } from 'amqp-messenger';

/** Counts messages and measures how long they took, for the report that people compare. */
export class Statistics {
  sent = 0;
  received = 0;
  #start: number | undefined;
  #report: NodeJS.Timeout | undefined;
  #samples = 0;
  #sum = 0;
  #min = 0;
  #max = 0;

  /** Starts the clock. Does nothing when it runs. */
  start(): void {
    this.#start ??= performance.now();
  }

  /** Prints the report again and again; `seconds` 0 does not. */
  reportEvery(seconds: number): void {
    if (seconds > 0) this.#report = setInterval(() => this.print(), seconds * 1000).unref();
  }

  /** No more reports but those asked for. */
  stop(): void {
    clearInterval(this.#report);
  }

  /** A message has come: its `creationTime` tells how long it took. Zero is below what it can tell, so it is left out. */
  messageReceived({ creationTime }: Pick<Message, 'creationTime'>): void {
    this.received++;
    if (creationTime === undefined) return;
    const latency = Date.now() - Number(creationTime);
    if (latency <= 0) return;
    this.#min = this.#samples === 0 ? latency : Math.min(this.#min, latency);
    this.#max = Math.max(this.#max, latency);
    this.#sum += latency;
    this.#samples++;
  }

  /** Prints how it stands. */
  print(): void {
    const seconds = this.#start === undefined ? 0 : (performance.now() - this.#start) / 1000;
    const rate = seconds === 0 ? 0 : this.sent / seconds;
    const average = this.#samples === 0 ? 0 : this.#sum / this.#samples;
    const latencies = [this.#min, this.#max, average].map((milliseconds) => (milliseconds / 1000).toFixed(6));
    console.log(`Messages sent: ${this.sent} recv: ${this.received}`);
    console.log(`Total time: ${seconds.toFixed(6)} sec`);
    console.log(`Throughput: ${rate.toFixed(6)} msgs/sec`);
    console.log(`Latency (sec): ${latencies[0] ?? ''} min, ${latencies[1] ?? ''} max, ${latencies[2] ?? ''} avg`);
  }
}
