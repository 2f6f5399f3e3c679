/** Words of having one's voice learnt. */

import { dictionary } from "../texts.js";

const ko = {
  title: "목소리 등록",
  optional: "(선택)",
  why: "여러 사람이 말할 때 누구의 말인지 더 정확하게 가려냅니다. 아래 글을 10초쯤 소리 내어 읽으면 됩니다.",
  keeping:
    "읽은 소리는 저장하지 않습니다. 목소리의 특징만 두었다가 면접이 끝나고 10분 안에 지웁니다.",
  free: "등록하지 않아도 불이익이 없고, 언제든지 지울 수 있습니다.",
  whyOthers:
    "이 마이크 앞에서 한 사람씩 아래 글을 10초쯤 읽습니다. 누구의 말인지 더 정확하게 가려냅니다.",
  keepingOthers:
    "읽은 소리는 저장하지 않고, 목소리의 특징만 두었다가 면접이 끝나고 10분 안에 지웁니다. 이 설명을 들려주고 동의를 받으세요.",
  whose: "누가 읽나요?",
  isLearnt: "등록됨",
  agreed: "{name}: 설명을 듣고 동의했습니다.",
  agreedMissing: "먼저 이 사람의 동의를 확인해 주세요.",
  text: "안녕하세요. 오늘 면접에 함께하게 되어 반갑습니다. 제 목소리를 등록하려고 이 글을 평소처럼 편안하게 읽고 있습니다. 끝까지 잘 부탁드립니다.",
  textTitle: "읽을 글",
  begin: "동의하고 읽기",
  beginOthers: "읽기 시작",
  again: "다시 읽기",
  forget: "등록 지우기",
  cancel: "그만두기",
  close: "닫기",
  finish: "다 읽었습니다",
  opening: "마이크를 켜고 있습니다. 브라우저가 물으면 ‘허용’을 누르세요.",
  reading: "지금 소리 내어 읽으세요.",
  left: "{s}초 남음",
  level: "마이크 소리 크기",
  sending: "목소리를 확인하고 있습니다.",
  learnt: "목소리를 등록했습니다.",
  known: "이미 등록했습니다.",
  alike: "{names}의 목소리와 비슷합니다. 이름이 바뀌어 적히면 고쳐 주세요.",
  alikeNote: "비슷한 목소리가 있습니다: {names}. 이름이 바뀌어 적힐 수 있습니다.",
  forgetting: "지우고 있습니다.",
  forgotten: "등록한 목소리를 지웠습니다.",
  unheard: "마이크에서 소리가 오지 않았습니다. 마이크를 확인한 뒤 다시 읽으세요.",
  microphone: "마이크를 켜지 못했습니다. 브라우저에서 마이크를 허용한 뒤 다시 읽으세요.",
  enrolMine: "내 목소리 등록",
  enrolRoom: "목소리 등록",
  off: "지금은 목소리를 등록할 수 없습니다. 면접은 그대로 진행할 수 있습니다.",
  aside: "읽는 동안 이 마이크는 면접에 들리지 않고 기록되지 않습니다.",
};

const en = {
  title: "Register your voice",
  optional: "(optional)",
  why: "When several people speak, this helps tell who said what. Read the text below aloud for about 10 seconds.",
  keeping:
    "The sound is not stored. Only traits of your voice are kept, and deleted within 10 minutes of the interview's end.",
  free: "Saying no has no disadvantage, and you can delete it at any time.",
  whyOthers:
    "One after the other, people read the text below at this microphone for about 10 seconds. This helps tell who said what.",
  keepingOthers:
    "The sound is not stored. Only traits of a voice are kept, and deleted within 10 minutes of the interview's end. Tell each person this and ask whether they agree.",
  whose: "Who reads?",
  isLearnt: "registered",
  agreed: "{name} has been told and agrees.",
  agreedMissing: "Please confirm first that this person agrees.",
  text: "Hello, and thank you for having me today. I am reading these lines in my everyday voice, calmly and clearly, so that it can be told apart from the others. I am looking forward to our conversation.",
  textTitle: "Text to read",
  begin: "Agree and read",
  beginOthers: "Begin to read",
  again: "Read again",
  forget: "Delete registration",
  cancel: "Cancel",
  close: "Close",
  finish: "I have read it all",
  opening: "Turning on the microphone. When the browser asks, choose “Allow”.",
  reading: "Read aloud now.",
  left: "{s} s left",
  level: "Microphone level",
  sending: "Checking your voice.",
  learnt: "Your voice is registered.",
  known: "Registered already.",
  alike: "This voice is much like that of {names}. If names get mixed up, please correct them.",
  alikeNote: "There is a voice much like this one: {names}. Names may get mixed up.",
  forgetting: "Deleting.",
  forgotten: "The registered voice is deleted.",
  unheard: "No sound came from the microphone. Check it and read again.",
  microphone: "The microphone could not be turned on. Allow it in the browser and read again.",
  enrolMine: "Register my voice",
  enrolRoom: "Register voices",
  off: "Voices cannot be registered right now. The interview goes on as it is.",
  aside: "While you read, this microphone is not part of the interview and nothing is written down.",
};

export const t = dictionary(ko, en);

/** @typedef {keyof typeof ko} Key */
