// The routes, and the clock that asks them: binary metrics, pictures, and the buttons' requests.

const ROOT = new URL("../api/", import.meta.url);
const PATIENCE_MS = 8000;
const LONG_PATIENCE_MS = 30000;
const AFTER_ERROR_MS = 1000;

/** What the server refused, in its own sentences. */
export class Refused extends Error {
  constructor(status, problems) {
    super(problems.join(" "));
    this.status = status;
    this.problems = problems;
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

/** What a route answers, as `taken` reads its body. Raises Refused, or Unreachable where it did not come whole in time. */
async function asked(path, taken, options = {}) {
  let response;
  try {
    response = await fetch(new URL(path, ROOT), {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...options,
    });
    if (response.ok) return await taken(response);
  } catch (error) {
    throw new Unreachable(String(error));
  }
  const body = await response.json().catch(() => ({}));
  throw new Refused(response.status, body.problems ?? [`The server answered ${response.status}.`]);
}

const whole = (response) => response.json();

/** Rows after `since`, at most `maxRows` (the server keeps minima and maxima), and the run's record. */
export async function metrics(runId, since, maxRows) {
  const path = `runs/${runId}/metrics?since=${since}&max_rows=${maxRows}&format=binary`;
  return decoded(await asked(path, (response) => response.arrayBuffer()));
}

/**
 * What `metrics` answers, pushed whenever there is something new after `since`, while the page is visible. Each goes
 * to `took`; `ended` is called once, when no more will come. Returns a function that ends it.
 */
export function pushed(runId, since, took, ended) {
  const address = new URL(`runs/${runId}/live?since=${since}`, ROOT);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  const hide = () => document.visibilityState !== "visible" && socket.close();
  document.addEventListener("visibilitychange", hide);
  hide();
  socket.onmessage = ({ data }) => took(decoded(data));
  socket.onclose = () => {
    document.removeEventListener("visibilitychange", hide);
    ended();
  };
  return () => socket.close();
}

/** uint32 header length, JSON header, float64 steps[rows], float64 values[rows x names]; little endian. */
export function decoded(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = 4 + length;
  const { rows, names } = header;
  return {
    ...header,
    steps: new Float64Array(buffer, start, rows),
    values: new Float64Array(buffer, start + 8 * rows, rows * names.length),
  };
}

/** The newest picture after `since`, or null. */
export function picture(runId, since) {
  return asked(`runs/${runId}/picture?since=${since}`, (response) => (response.status === 204 ? null : whole(response)));
}

/** What a reading route answers, as JSON; one that looks at molecules may take its time on a busy machine. */
export const read = (path) => asked(path, whole, { signal: AbortSignal.timeout(LONG_PATIENCE_MS) });

export const artifactAddress = (runId, name, step) =>
  new URL(`runs/${runId}/artifacts/${name}?step=${step}`, ROOT).href;

export function post(path, body = {}, headers = {}) {
  const named = { "Content-Type": "application/json", ...headers };
  return asked(path, whole, { method: "POST", headers: named, body: JSON.stringify(body) });
}

/**
 * Call `work` again and again while the page is visible; it returns the milliseconds from its start to its next
 * start. Returns { now, stop }: `now()` asks at once, `stop()` ends it.
 */
export function clockwork(work) {
  let timer = null;
  let running = false;
  let wanted = false;
  let stopped = false;

  async function turn() {
    if (stopped || document.visibilityState !== "visible") return;
    if (running) {
      wanted = true;
      return;
    }
    running = true;
    wanted = false;
    clearTimeout(timer);
    const started = performance.now();
    const pause = await Promise.resolve(work()).catch((error) => {
      reportError(error); // a slip in one drawing must not end the asking
      return AFTER_ERROR_MS;
    });
    running = false;
    if (!stopped) timer = setTimeout(turn, wanted ? 0 : Math.max(40, pause - (performance.now() - started)));
  }

  document.addEventListener("visibilitychange", turn);
  turn();
  return {
    now: turn,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", turn);
    },
  };
}
