/** The first page: is the server well, how does a client connect, and does it understand me? */

const PREFIX = "/api/v1/realtime-interview";
const MAX_BYTES = 45 * 1024 * 1024; // base64 makes a third more of it, and 64 MiB are served.

const TEXTS = {
  ko: {
    other: "English",
    well: "서버가 실행 중입니다.",
    unwell: "서버가 응답하지 않습니다. 서버를 다시 시작한 뒤 새로고침하세요.",
    connectTitle: "기존 클라이언트 연결",
    connectText: "면접 클라이언트가 연결할 WebSocket 주소입니다. {session_id} 자리에 면접 번호를 넣으세요.",
    tryTitle: "녹음 파일로 시험하기",
    tryText: "한국어 녹음(WebM, Ogg, MP4, WAV)을 고르면 말한 내용을 받아 적습니다. 파일은 이 서버로만 보내며 저장하지 않고, 받아 적은 글은 새 면접 기록으로 남습니다.",
    choose: "녹음 파일 고르기",
    working: "받아 적는 중입니다… {s}초",
    done: "마쳤습니다. {s}초 걸렸습니다.",
    notAudio: "WebM, Ogg, MP4, WAV 녹음 파일이 아니어서 들을 수 없습니다.",
    silent: "말소리를 찾지 못했습니다.",
    large: "파일이 너무 큽니다. 45 MB 이하의 녹음을 고르세요.",
    lost: "서버와의 연결이 끊어졌습니다. 다시 시도하세요.",
    sessionsTitle: "면접 기록",
    none: "아직 면접이 없습니다.",
    noLink: "기록을 보려면 운영자 링크가 필요합니다.",
    live: "진행 중",
    review: "종료",
    erased: "삭제됨",
  },
  en: {
    other: "한국어",
    well: "The server is running.",
    unwell: "The server does not answer. Start it again, then reload this page.",
    connectTitle: "Connect an existing client",
    connectText: "The WebSocket address for interview clients. Put the interview's id in place of {session_id}.",
    tryTitle: "Try it with a recording",
    tryText: "Choose a Korean recording (WebM, Ogg, MP4, WAV) and it is written down. The file goes to this server only and is not kept; the words are kept as a new interview.",
    choose: "Choose a recording",
    working: "Writing it down … {s} s",
    done: "Done in {s} s.",
    notAudio: "This is no WebM, Ogg, MP4 or WAV recording.",
    silent: "No speech was found.",
    large: "The file is too large; choose a recording of 45 MB at most.",
    lost: "The connection to the server was lost; try again.",
    sessionsTitle: "Interviews",
    none: "No interview yet.",
    noLink: "An operator's link is needed to see interviews.",
    live: "live",
    review: "ended",
    erased: "erased",
  },
};

/** @type {"ko" | "en"} */
let language = localStorage.getItem("language") === "en" ? "en" : "ko";
const token = new URLSearchParams(location.hash.slice(1)).get("t");

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {keyof typeof TEXTS.ko} key */
const text = (key) => TEXTS[language][key];

function showTexts() {
  document.documentElement.lang = language;
  element("language").textContent = text("other");
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = text(/** @type {keyof typeof TEXTS.ko} */ (node.getAttribute("data-text")));
  }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  element("address").textContent = `${scheme}://${location.host}${PREFIX}/ws/interview/{session_id}`;
}

/** @param {string} path */
function get(path) {
  return fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
}

async function showHealth() {
  let isWell = false;
  try {
    isWell = (await get("/healthz")).ok;
  } catch {
    // No answer is the answer.
  }
  const health = element("health");
  health.textContent = text(isWell ? "well" : "unwell");
  health.className = isWell ? "good" : "bad";
}

async function showSessions() {
  const response = await get(`${PREFIX}/interview/session`);
  const sessions = response.ok ? await response.json() : [];
  element("none").textContent = response.ok ? (sessions.length ? "" : text("none")) : text("noLink");
  element("sessions").replaceChildren(
    ...sessions.slice(0, 50).map((/** @type {any} */ session) => {
      const when = new Date(session.created_wall * 1000);
      const state = session.is_erased ? "erased" : session.is_closed ? "review" : "live";
      return row(
        tagged("time", when.toLocaleString(language === "ko" ? "ko-KR" : "en-GB", { dateStyle: "short", timeStyle: "short" })),
        tagged("span", session.session, "name"),
        tagged("span", text(state), "state"),
      );
    }),
  );
}

/** @param {string} tag @param {string} content @param {string} [kind] */
function tagged(tag, content, kind = "") {
  const node = document.createElement(tag);
  node.textContent = content;
  node.className = kind;
  return node;
}

/** @param {...HTMLElement} parts */
function row(...parts) {
  const item = document.createElement("li");
  item.append(...parts);
  return item;
}

/** @param {File} file @returns {Promise<string>} */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** @param {string} audio @returns {Promise<any>} The answer to one audio chunk. */
function ask(audio) {
  const session = `try-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}`;
  const query = token ? `?t=${encodeURIComponent(token)}` : "";
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(
    `${scheme}://${location.host}${PREFIX}/ws/interview/${session}${query}`,
  );
  return new Promise((resolve, reject) => {
    /** @type {any} */
    let heard = null;
    socket.onopen = () => socket.send(JSON.stringify({ type: "audio_chunk", audio_data: audio }));
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "audio_processed") {
        heard = message.result;
        socket.send(JSON.stringify({ type: "session_end" }));
      } else if (message.type === "error") {
        reject(new Error(message.error));
        socket.close();
      }
    };
    socket.onclose = () => (heard ? resolve(heard) : reject(new Error(text("lost"))));
  });
}

/** @param {File} file */
async function tryRecording(file) {
  const progress = element("progress");
  const began = performance.now();
  const elapsed = () => Math.round((performance.now() - began) / 1000).toString();
  element("words").replaceChildren();
  progress.className = "";
  progress.textContent = text("working").replace("{s}", "0");
  const timer = setInterval(() => {
    progress.textContent = text("working").replace("{s}", elapsed());
  }, 1000);
  try {
    if (file.size > MAX_BYTES) throw new Error(text("large"));
    const result = await ask(await base64(file));
    if (!result.success) {
      throw new Error(result.code === "not_audio" ? text("notAudio") : result.error);
    }
    const segments = result.transcription.segments;
    const first = segments[0]?.start ?? 0;
    element("words").replaceChildren(
      ...segments.map((/** @type {any} */ segment) =>
        row(tagged("time", clock(segment.start - first)), tagged("span", segment.text, "name")),
      ),
    );
    progress.textContent = segments.length ? text("done").replace("{s}", elapsed()) : text("silent");
  } catch (error) {
    progress.className = "bad";
    progress.textContent = error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(timer);
  }
  await showSessions();
}

/** @param {number} seconds */
function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

async function show() {
  showTexts();
  await Promise.all([showHealth(), showSessions()]);
}

element("language").addEventListener("click", () => {
  language = language === "ko" ? "en" : "ko";
  localStorage.setItem("language", language);
  void show();
});

const recording = /** @type {HTMLInputElement} */ (element("recording"));
recording.addEventListener("change", async () => {
  const file = recording.files?.[0];
  if (!file) return;
  recording.disabled = true;
  await tryRecording(file);
  recording.disabled = false;
  recording.value = "";
});

void show();
