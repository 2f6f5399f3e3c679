/**
 * How long a sound takes from one page's microphone to what another page plays: clicks whose
 * moments both pages note by the machine's clock.
 */

/** Clicks come so far apart: longer than any of them takes. */
const EVERY_S = 1;

/** @param {import("./person.js").Person} person Their next page clicks into its microphone. */
export async function giveClicks(person) {
  await allowListening(person);
  await person.page.evaluateOnNewDocument(clickIntoTheMicrophone, EVERY_S);
}

/** @param {import("./person.js").Person} person Their next page takes modules of this file. */
export function allowListening({ page }) {
  return page.setBypassCSP(true);
}

/** @param {import("./person.js").Person} person From now on they note when they hear a click. */
export function listenForClicks({ page }) {
  return page.evaluate(noteOnsets, EVERY_S / 2);
}

/**
 * @param {import("./person.js").Person} mouth
 * @param {import("./person.js").Person} ear
 * @returns {Promise<number[]>} Of every click that was heard, how late it came.
 */
export async function delays_ms(mouth, ear) {
  const read = (/** @type {import("./person.js").Person} */ { page }) =>
    page.evaluate(() => /** @type {number[]} */ (/** @type {any} */ (window).clicks ?? []));
  const [said, heard] = await Promise.all([read(mouth), read(ear)]);
  return heard.flatMap((at_ms) => {
    const before_ms = said.filter((each) => each < at_ms).at(-1);
    const delay_ms = before_ms === undefined ? Infinity : at_ms - before_ms;
    return delay_ms < 1000 * EVERY_S ? [delay_ms] : [];
  });
}

/** @param {number[]} values @param {number} share @returns {number} */
export function quantile(values, share) {
  const ordered = values.slice().sort((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? NaN;
}

/**
 * Runs in every page before its own scripts; must not use anything from outside.
 *
 * @param {number} every_s
 */
function clickIntoTheMicrophone(every_s) {
  /** @type {number[]} */
  const clicks = [];
  Object.assign(window, { clicks });
  const clicker = `registerProcessor("clicker", class extends AudioWorkletProcessor {
    process(_, [[output]]) {
      for (let i = 0; i < output.length; i += 1) {
        const since_s = ((currentFrame + i) / sampleRate) % ${every_s};
        if (since_s < 1 / sampleRate) this.port.postMessage(Date.now());
        const tone = 0.5 * Math.sin(2 * Math.PI * 700 * since_s);
        output[i] = since_s < 0.1 ? tone : 0;
      }
      return true;
    }
  });`;
  const click = async () => {
    const context = new AudioContext({ sampleRate: 48_000 });
    const module = new Blob([clicker], { type: "text/javascript" });
    await context.audioWorklet.addModule(URL.createObjectURL(module));
    const node = new AudioWorkletNode(context, "clicker", { numberOfInputs: 0 });
    node.port.onmessage = ({ data }) => clicks.push(data);
    const microphone = context.createMediaStreamDestination();
    node.connect(microphone);
    await context.resume();
    return microphone.stream;
  };
  /** @type {Promise<MediaStream> | undefined} */
  let clicking;
  navigator.mediaDevices.getUserMedia = async () => (await (clicking ??= click())).clone();
}

/**
 * Runs inside a page; must not use anything from outside.
 *
 * @param {number} rest_s After an onset there is no other one for so long.
 */
async function noteOnsets(rest_s) {
  /** @type {number[]} */
  const clicks = [];
  Object.assign(window, { clicks });
  const stream = document.querySelector("audio")?.srcObject;
  if (!(stream instanceof MediaStream)) throw new Error("nothing is played here");
  const listener = `registerProcessor("listener", class extends AudioWorkletProcessor {
    #deafUntil_s = 0;
    process([[input]]) {
      const isLoud = input?.some((each) => Math.abs(each) > 0.05);
      if (isLoud && currentTime > this.#deafUntil_s) {
        this.#deafUntil_s = currentTime + ${rest_s};
        this.port.postMessage(Date.now());
      }
      return true;
    }
  });`;
  const context = new AudioContext({ sampleRate: 48_000 });
  const module = new Blob([listener], { type: "text/javascript" });
  await context.audioWorklet.addModule(URL.createObjectURL(module));
  const node = new AudioWorkletNode(context, "listener");
  node.port.onmessage = ({ data }) => clicks.push(data);
  context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  await context.resume();
  // Whatever nobody holds may be collected while it listens.
  Object.assign(window, { clickListener: node });
}
