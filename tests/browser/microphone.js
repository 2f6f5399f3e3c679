/** For Firefox, whose fake microphone is a tone: speech instead, played in a loop. */

/**
 * Runs in every page before its own scripts; must not use anything from outside.
 *
 * @param {string} wav Base64.
 */
export function speakIntoTheMicrophone(wav) {
  const { mediaDevices } = navigator;
  // Without a secure context there is no microphone at all.
  if (!mediaDevices) return;
  const original = mediaDevices.getUserMedia.bind(mediaDevices);
  /** @type {Promise<MediaStream> | undefined} */
  let speaking;

  // An AudioContext would not do: it stands still on a machine without a sound card.
  async function speak() {
    const bytes = Uint8Array.from(atob(wav), (character) => character.charCodeAt(0));
    const player = new Audio(URL.createObjectURL(new Blob([bytes], { type: "audio/wav" })));
    player.loop = true;
    await player.play();
    return /** @type {any} */ (player).mozCaptureStream();
  }

  mediaDevices.getUserMedia = async (constraints) => {
    // The page's constraints have to be ones that a device accepts. Its tone goes on unheard: only
    // while Firefox listens to a device does it use all addresses of the machine.
    await original(constraints);
    speaking ??= speak();
    return (await speaking).clone();
  };
}
