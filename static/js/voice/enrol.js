/** Having voices learnt while the interview goes on. */

import { aside } from "./aside.js";
import { voiceDialog } from "./dialog.js";
import { mayAskOthers } from "./row.js";
import { readInto } from "./source.js";

/**
 * Call it in a tap's handler.
 *
 * @param {import("../room/scene.js").Join} join
 * @param {import("../microphone/microphone.js").Microphone | null} microphone
 * @param {import("./aside.js").Own} own
 */
export function enrolVoice(join, microphone, own) {
  const kind = join.seat === null ? "room" : "own";
  const read = async () => aside(await readInto(microphone, kind), own);
  return voiceDialog({ join, read, mayAskOthers: mayAskOthers(join) });
}
