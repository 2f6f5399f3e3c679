/** What the server's error codes mean to the person in front of the page. */

import { dictionary, language } from "../texts.js";

const ko = {
  unreachable: "서버에 연결할 수 없습니다. 인터넷 연결을 확인한 뒤 다시 시도하세요.",
  link_invalid: "이 링크는 만료되었거나 올바르지 않습니다. 담당자에게 새 링크를 요청하세요.",
  link_required: "이 페이지는 초대 링크가 있어야 열 수 있습니다. 담당자에게 링크를 요청하세요.",
  forbidden: "이 링크로는 할 수 없는 일입니다.",
  other_session: "이 링크는 다른 면접의 링크입니다. 이 면접의 링크를 담당자에게 요청하세요.",
  unknown_session: "이 면접은 없습니다. 링크를 확인하세요.",
  unknown_seat: "이 면접에는 그 자리가 없습니다.",
  unknown_voice: "그 목소리는 기록에 없습니다. 다시 고르세요.",
  unknown_segment: "그 줄은 그사이에 나뉘었거나 없어졌습니다. 다시 고르세요.",
  not_yours: "다른 사람이 쓴 메모는 고칠 수 없습니다.",
  session_exists: "같은 이름의 면접이 이미 있습니다.",
  session_over: "이 면접은 끝났습니다.",
  session_live: "진행 중인 면접은 지울 수 없습니다. 먼저 면접을 끝내세요.",
  consent_required: "받아쓰기와 소프트웨어 평가에 동의해야 마이크를 쓸 수 있습니다.",
  seat_taken: "다른 사람이 이미 이 자리에 있습니다. 담당자에게 알려 주세요.",
  replaced: "다른 창이나 기기에서 이 링크로 들어와서 여기 연결을 닫았습니다.",
  slow_consumer: "연결이 느려서 끊어졌습니다. 자동으로 다시 연결합니다.",
  overloaded: "서버가 바쁩니다. 잠시 후 다시 시도하세요.",
  journal_unavailable: "기록을 저장할 수 없습니다. 저장되지 않았으니 잠시 후 다시 시도하세요.",
  store_unavailable: "저장된 음성을 지금 읽거나 지울 수 없습니다. 잠시 후 자동으로 다시 시도합니다.",
  storage_full: "서버의 저장 공간이 가득 찼습니다. 담당자에게 알려 주세요. 저장되지 않았습니다.",
  shutting_down: "서버가 다시 시작되고 있습니다. 자동으로 다시 연결합니다.",
  voice_too_short: "말소리가 너무 짧습니다. 글을 끝까지 소리 내어 다시 읽으세요.",
  voice_clipped: "소리가 너무 커서 깨졌습니다. 마이크에서 조금 떨어져 다시 읽으세요.",
  voice_noisy: "주변이 시끄럽습니다. 조용한 곳에서, 마이크 가까이에서 다시 읽으세요.",
  voice_shared: "다른 사람의 목소리가 함께 들렸습니다. 혼자 말할 때 다시 읽으세요.",
  voices_off: "지금은 목소리를 구별하지 않아 등록할 수 없습니다. 면접은 그대로 진행됩니다.",
  too_large: "너무 깁니다. 줄여서 다시 보내세요.",
  bad_offer: "이 브라우저의 음성 연결을 서버가 받을 수 없습니다. 브라우저를 업데이트하세요.",
  foreign_origin: "이 주소에서는 서버를 쓸 수 없습니다. 담당자에게 알려 주세요.",
  foreign_host: "이 서버는 지금 이 컴퓨터에서만 열 수 있습니다.",
  internal: "서버에 문제가 생겼습니다. 다시 시도하세요.",
};

const en = {
  unreachable: "The server cannot be reached. Check your connection and try again.",
  link_invalid: "This link has expired or is wrong. Ask the organiser for a new one.",
  link_required: "This page needs an invitation link. Ask the organiser for yours.",
  forbidden: "Your link does not allow this.",
  other_session: "Your link is for another interview. Ask the organiser for the one of this.",
  unknown_session: "There is no such interview. Check your link.",
  unknown_seat: "This interview has no such seat.",
  unknown_voice: "That voice is not in the record. Choose again.",
  unknown_segment: "That line was split or has gone meanwhile. Choose again.",
  not_yours: "Only its author can change a note.",
  session_exists: "An interview of this name exists already.",
  session_over: "This interview has ended.",
  session_live: "A live interview cannot be deleted. End it first.",
  consent_required: "The microphone needs your consent to transcription and software evaluation.",
  seat_taken: "Somebody else sits in this seat. Tell the organiser.",
  replaced: "This link was opened in another window or device, so this one was disconnected.",
  slow_consumer: "The connection was too slow and was closed. Reconnecting.",
  overloaded: "The server is busy. Try again in a moment.",
  journal_unavailable: "The record cannot be written. Nothing was saved; try again in a moment.",
  store_unavailable: "Kept sound cannot be read or deleted right now. The server tries again by itself.",
  storage_full: "The server has no room left. Nothing was saved; tell the organiser.",
  shutting_down: "The server is restarting. Reconnecting.",
  voice_too_short: "Too little speech was heard. Read the whole text aloud again.",
  voice_clipped: "It was so loud that the sound broke up. Move back a little and read again.",
  voice_noisy: "It is too noisy. Read again in a quiet place, close to the microphone.",
  voice_shared: "Another voice was heard, too. Read again while nobody else speaks.",
  voices_off: "Voices are not told apart right now, so none can be registered. The interview goes on.",
  too_large: "That is too long. Shorten it and send it again.",
  bad_offer: "The server cannot take this browser's sound. Update the browser.",
  foreign_origin: "The server cannot be used from this address. Tell the organiser.",
  foreign_host: "This server can only be opened on its own computer for now.",
  internal: "Something went wrong on the server. Try again.",
};

const known = dictionary(ko, en);

/**
 * @param {string} code Of the server, or `unreachable`.
 * @param {string} [sentence] The server's own English words, for codes this page does not know.
 */
export function errorText(code, sentence = "") {
  if (code in ko) return known(/** @type {keyof typeof ko} */ (code));
  return language() === "en" && sentence ? sentence : known("internal");
}
