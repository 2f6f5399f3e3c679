/** Words of the lobby and of the microphone. */

import { dictionary } from "../texts.js";

const ko = {
  untitled: "면접",
  job: "직무: {job}",
  you: "내 자리: {name}",
  observer: "참관으로 들어갑니다. 자막을 볼 수만 있습니다.",
  operator: "운영자로 들어갑니다.",
  roomMicrophone: "이 기기는 회의실 마이크입니다.",
  people: "함께하는 사람",
  me: "나",

  noticeTitle: "시작하기 전에",
  noticeHeard: "면접실에 있는 사람들이 내 목소리를 바로 듣습니다.",
  noticeHeardRoom:
    "방 안의 목소리를 다른 곳에 있는 사람들이 바로 듣습니다. 그 사람들의 목소리는 이 기기에서 나옵니다.",
  noticeTogether: "같은 방에서 함께하는 면접이라 서로의 목소리는 전하지 않습니다.",
  noticeWords: "하신 말씀은 글로 기록됩니다.",
  noticeSoundNever: "소리는 저장하지 않습니다.",
  noticeSoundEnds: "소리는 면접이 끝나면 지웁니다.",
  noticeSoundKept: "소리는 면접이 끝나면 지우고, 따로 동의한 사람의 소리만 {time} 동안 보관합니다.",
  noticeWho: "글은 이 면접에 들어온 사람이 봅니다. 메모와 평가는 면접관과 운영자만 봅니다.",
  noticeWhoMine: "글은 이 면접에 들어온 사람이, 메모와 평가는 면접관과 운영자가 봅니다.",
  noticePeople: "소프트웨어는 글에서 근거를 찾아 보여 줍니다. 판단은 사람이 합니다.",
  noticeWithdraw:
    "동의는 언제든지 철회할 수 있습니다. 철회하면 내 말을 듣는 일을 바로 멈춥니다. 그때까지의 글은 남으며, 삭제는 담당자에게 요청하세요.",
  noticeRoomWithdraw:
    "누군가 동의를 철회하면 이 마이크는 바로 멈추고, 운영자가 다시 확인한 뒤에 켜집니다.",
  consent: "말이 글로 기록되고, 소프트웨어가 평가 근거를 찾는 데 동의합니다.",
  keepAudio: "(선택) 면접이 끝난 뒤 {time} 동안 내 목소리 녹음을 보관하는 데 동의합니다.",
  keepAudioWhy: "글로 옮긴 기록이 맞는지 소리로 확인하기 위해서입니다.",
  keepAudioFree: "동의하지 않아도 불이익이 없습니다.",
  keepAudioEnd: "면접 중에 동의를 철회하면 바로 지우고, 끝난 뒤에는 담당자에게 삭제를 요청하세요.",
  keepAudioRoom:
    "회의실 마이크의 녹음은 모두가 동의해야 보관합니다. 삭제는 담당자에게 요청하세요.",
  day: "{number}일",
  days: "{number}일",
  hour: "{number}시간",
  hours: "{number}시간",
  consentMissing: "들어가려면 위에 동의해 주세요.",
  consentGiven: "이미 동의하셨습니다.",
  consentExternal: "동의는 담당자가 따로 받았습니다. 동의하지 않으셨다면 담당자에게 알려 주세요.",
  roomWaits: "운영자가 모든 사람의 동의를 확인하면 이 마이크가 시작됩니다. 그 전에는 소리를 보내지 않습니다.",
  roomConfirmed: "운영자가 모든 사람의 동의를 확인했습니다. 들어가면 바로 시작됩니다.",
  roomPlace: "모두의 목소리가 잘 들리는 가운데에 두고, 충전기를 연결해 두세요.",

  microphoneTitle: "마이크",
  microphoneOff: "들어가기 전에 소리를 확인해 보세요.",
  turnOn: "마이크 켜기",
  asking: "브라우저가 물으면 '허용'을 누르세요.",
  device: "사용할 마이크",
  deviceUnnamed: "마이크 {number}",
  level: "마이크 소리 크기",
  heard: "마이크 소리가 들립니다",
  quiet: "마이크 소리가 작습니다",
  silent: "마이크 소리가 없습니다",
  muted: "마이크를 껐습니다",
  speakUp: "몇 마디 말해 보세요.",
  heardByRoom: "이 자리는 회의실 마이크가 듣습니다. 운영자가 모두의 동의를 확인한 뒤에 시작합니다. 이 기기의 마이크는 쓰지 않습니다.",
  notHeard: "이 자리는 마이크 없이 참여합니다.",

  echo: "3초 말하고 들어 보기",
  echoAgain: "다시 말해 보기",
  echoSpeak: "말해 보세요. {left}",
  echoPlaying: "방금 하신 말을 들려드립니다.",
  echoDone: "방금 소리가 잘 들렸나요? 소리는 이 기기 밖으로 나가지 않았고 지워집니다.",
  echoTap: "‘들어 보기’를 누르면 재생됩니다.",
  echoPlay: "들어 보기",
  echoFailed: "소리를 들어 보지 못했습니다. 소리 표시가 움직이면 그대로 들어가도 됩니다.",
  echoMissing: "이 브라우저에서는 소리를 들어 볼 수 없습니다. 소리 표시가 움직이면 괜찮습니다.",

  enter: "들어가기",
  enterConsenting: "동의하고 들어가기",
  entering: "들어가는 중입니다.",
  enterSilent: "마이크 없이 들어가기",
  silentMeaning: "마이크 없이 들어가면 자막만 볼 수 있습니다. 이 기기로는 내 말이 들리지 않고 글로 기록되지 않습니다.",
  silentMeaningNotes:
    "마이크 없이 들어가도 자막을 보고 메모를 쓸 수 있습니다. 이 기기로는 내 말이 들리지 않고 글로 기록되지 않습니다.",
  opensAtEntry: "들어갈 때 마이크를 켭니다.",
  retry: "다시 시도",
  copyAddress: "주소 복사",
  copied: "복사했습니다",
  notCopied: "복사하지 못했습니다. 받은 링크를 다시 이용하세요.",

  insecure: "이 주소에서는 마이크를 쓸 수 없습니다.",
  insecureStep:
    "https로 시작하는 주소로 여세요. 서버가 켜진 컴퓨터에서는 그대로 쓸 수 있습니다. 주소는 담당자에게 물어보세요.",
  unsupported: "이 브라우저에서는 마이크를 쓸 수 없습니다.",
  unsupportedStep: "브라우저를 업데이트하거나 Chrome, Safari, Firefox의 새 버전으로 여세요.",
  denied: "마이크 사용이 막혀 있습니다.",
  deniedChromeAndroid:
    "주소창 왼쪽의 아이콘을 누르고 ‘권한’에서 마이크를 허용한 뒤 다시 시도하세요.",
  deniedSamsung:
    "주소창의 자물쇠를 누르고 ‘권한’에서 마이크를 허용한 뒤 다시 시도하세요. 없으면 휴대전화 설정 → 애플리케이션 → 삼성 인터넷 → 권한을 보세요.",
  deniedSafariIos:
    "주소창의 메뉴에서 ‘웹사이트 설정’ → ‘마이크’ → ‘허용’을 고르고 페이지를 새로 고치세요. 없으면 설정 앱 → Safari → 마이크를 보세요.",
  deniedOtherIos: "설정 앱에서 이 브라우저를 찾아 ‘마이크’를 켠 뒤 페이지를 새로 고치세요.",
  deniedFirefox:
    "주소창 왼쪽의 자물쇠나 마이크 표시를 눌러 차단을 지운 뒤 다시 시도하세요.",
  deniedSafariMac:
    "메뉴 막대에서 Safari → ‘이 웹사이트에 대한 설정’ → ‘마이크’를 ‘허용’으로 바꾸고 다시 시도하세요.",
  deniedComputer:
    "주소창 왼쪽의 아이콘을 눌러 마이크를 허용한 뒤 다시 시도하세요.",
  dismissed: "마이크를 허용하지 않은 채 창이 닫혔습니다.",
  dismissedStep: "‘다시 시도’를 누르고, 브라우저가 물으면 ‘허용’을 고르세요.",
  system: "기기 설정에서 마이크가 막혀 있습니다.",
  systemStep: "기기의 설정 → 개인정보 보호 → 마이크에서 이 브라우저를 허용한 뒤 다시 시도하세요.",
  none: "마이크를 찾지 못했습니다.",
  noneStep: "마이크나 헤드셋을 연결한 뒤 다시 시도하세요.",
  busy: "다른 앱이 마이크를 쓰고 있습니다.",
  busyStep: "통화나 다른 회의 앱을 끝낸 뒤 다시 시도하세요.",
  unknown: "마이크를 켜지 못했습니다.",
  unknownStep: "다시 시도하세요. 그래도 안 되면 브라우저를 껐다 켜거나 담당자에게 알려 주세요.",

  kakaotalk: "카카오톡 안에서 열렸습니다. 여기서는 마이크가 안 될 수 있습니다.",
  naver: "네이버 앱 안에서 열렸습니다. 여기서는 마이크가 안 될 수 있습니다.",
  line: "LINE 안에서 열렸습니다. 여기서는 마이크가 안 될 수 있습니다.",
  instagram: "Instagram 안에서 열렸습니다. 여기서는 마이크가 안 될 수 있습니다.",
  facebook: "Facebook 안에서 열렸습니다. 여기서는 마이크가 안 될 수 있습니다.",
  other: "다른 앱 안에서 열렸습니다. 여기서는 마이크가 안 될 수 있습니다.",
  outsideIos:
    "화면의 메뉴나 공유 단추에서 ‘Safari로 열기’를 고르세요. 없으면 주소를 복사해 Safari에 붙여 넣으세요.",
  outsideAndroid:
    "메뉴(⋮)에서 ‘다른 브라우저로 열기’를 고르세요. 없으면 주소를 복사해 Chrome에 붙여 넣으세요.",
  outsideComputer: "주소를 복사해 Chrome, Safari, Firefox에서 여세요.",

  lostUnplugged: "마이크가 빠졌습니다. 다시 연결하면 바로 이어집니다.",
  lostDenied: "마이크 사용이 막혔습니다. 브라우저에서 다시 허용해 주세요.",
  lostInterrupted: "마이크 소리가 끊겼습니다. 통화가 끝나면 이어집니다.",
  notChosen: "그 마이크를 켤 수 없어 다른 마이크를 쓰고 있습니다.",
};

const en = {
  untitled: "Interview",
  job: "Position: {job}",
  you: "Your seat: {name}",
  observer: "You enter as an observer and see the captions.",
  operator: "You enter as the operator.",
  roomMicrophone: "This device is the room's microphone.",
  people: "Who takes part",
  me: "you",

  noticeTitle: "Before you start",
  noticeHeard: "People in the interview hear your voice as you speak.",
  noticeHeardRoom:
    "People who are elsewhere hear the voices in this room; their voices come from this device.",
  noticeTogether: "Everybody sits together, so voices are not passed on.",
  noticeWords: "What you say is written down.",
  noticeSoundNever: "Sound is not stored.",
  noticeSoundEnds: "Sound is deleted when the interview ends.",
  noticeSoundKept:
    "Sound is deleted when the interview ends; only that of people who agree to it is kept for {time}.",
  noticeWho:
    "Everybody in this interview sees the words. Only interviewers and the operator see notes and evaluations.",
  noticeWhoMine:
    "Everybody in this interview sees the words; interviewers and the operator see notes and evaluations.",
  noticePeople: "Software finds evidence in the words and lists it. People decide.",
  noticeWithdraw:
    "You can withdraw your consent at any time. We then stop listening to you at once. The words until then remain; ask the organiser to erase them.",
  noticeRoomWithdraw:
    "If somebody withdraws consent, this microphone stops at once, until the operator has confirmed again.",
  consent: "I agree that my words are written down and that software looks for evidence in them.",
  keepAudio: "(Optional) I agree that my recorded voice is kept for {time} after the interview.",
  keepAudioWhy: "This is to check the written record against the sound.",
  keepAudioFree: "Saying no has no disadvantage for you.",
  keepAudioEnd:
    "Withdraw your consent during the interview and it is deleted at once; afterwards ask the organiser to delete it.",
  keepAudioRoom:
    "The room's microphone is kept only if everybody agrees. To have it deleted, ask the organiser.",
  day: "{number} day",
  days: "{number} days",
  hour: "{number} hour",
  hours: "{number} hours",
  consentMissing: "To enter, please agree above.",
  consentGiven: "You have agreed already.",
  consentExternal:
    "The organiser obtained consent separately. If you have not agreed, tell the organiser.",
  roomWaits:
    "This microphone starts once the operator has confirmed everybody's consent. Before that it sends no sound.",
  roomConfirmed: "The operator has confirmed everybody's consent. It starts as soon as you enter.",
  roomPlace: "Put it in the middle, where everybody is heard well, and plug in its charger.",

  microphoneTitle: "Microphone",
  microphoneOff: "Check your sound before you enter.",
  turnOn: "Turn on microphone",
  asking: "When the browser asks, choose “Allow”.",
  device: "Microphone to use",
  deviceUnnamed: "Microphone {number}",
  level: "Microphone level",
  heard: "Microphone works",
  quiet: "Microphone is quiet",
  silent: "Microphone is silent",
  muted: "Microphone is off",
  speakUp: "Say a few words.",
  heardByRoom: "The room's microphone hears this seat, once the operator has confirmed everybody's consent. This device's microphone is not used.",
  notHeard: "This seat takes part without a microphone.",

  echo: "Speak for 3 seconds and listen",
  echoAgain: "Speak again",
  echoSpeak: "Speak now. {left}",
  echoPlaying: "Playing what you said.",
  echoDone: "Did that sound right? It never left this device and is deleted.",
  echoTap: "Tap “Listen” to play it.",
  echoPlay: "Listen",
  echoFailed: "The sound test failed. If the level moves, you can simply enter.",
  echoMissing: "This browser cannot play a sound test. If the level moves, all is well.",

  enter: "Enter",
  enterConsenting: "Agree and enter",
  entering: "Entering.",
  enterSilent: "Enter without microphone",
  silentMeaning:
    "Without a microphone you only see captions. Nobody hears you through this device and nothing you say is written down.",
  silentMeaningNotes:
    "Without a microphone you see captions and write notes. Nobody hears you through this device and nothing you say is written down.",
  opensAtEntry: "The microphone is turned on when you enter.",
  retry: "Try again",
  copyAddress: "Copy address",
  copied: "Copied",
  notCopied: "It could not be copied. Use the link you were sent.",

  insecure: "The microphone does not work at this address.",
  insecureStep:
    "Open an address that starts with https. On the server's own computer this one works. Ask the organiser for the address.",
  unsupported: "This browser cannot use a microphone.",
  unsupportedStep: "Update it, or open a recent Chrome, Safari or Firefox.",
  denied: "The microphone is blocked.",
  deniedChromeAndroid:
    "Tap the icon left of the address, allow the microphone under “Permissions”, then try again.",
  deniedSamsung:
    "Tap the lock in the address bar, allow the microphone under “Permissions”, then try again. Otherwise see Settings → Apps → Samsung Internet → Permissions.",
  deniedSafariIos:
    "In the address bar's menu choose “Website Settings” → “Microphone” → “Allow”, then reload. Otherwise see the Settings app → Safari → Microphone.",
  deniedOtherIos:
    "Find this browser in the Settings app, turn on “Microphone”, then reload this page.",
  deniedFirefox:
    "Click the lock or the microphone left of the address, remove the block, then try again.",
  deniedSafariMac:
    "In the menu bar choose Safari → “Settings for This Website” → “Microphone” → “Allow”, then try again.",
  deniedComputer: "Click the icon left of the address, allow the microphone, then try again.",
  dismissed: "The question was closed before the microphone was allowed.",
  dismissedStep: "Choose “Try again”, then “Allow” when the browser asks.",
  system: "The device's settings block the microphone.",
  systemStep:
    "Allow this browser under Settings → Privacy → Microphone on your device, then try again.",
  none: "No microphone was found.",
  noneStep: "Connect a microphone or headset, then try again.",
  busy: "Another app is using the microphone.",
  busyStep: "End the call or close the other meeting app, then try again.",
  unknown: "The microphone could not be turned on.",
  unknownStep: "Try again. If it still fails, restart the browser or tell the organiser.",

  kakaotalk: "This opened inside KakaoTalk, where the microphone may not work.",
  naver: "This opened inside the Naver app, where the microphone may not work.",
  line: "This opened inside LINE, where the microphone may not work.",
  instagram: "This opened inside Instagram, where the microphone may not work.",
  facebook: "This opened inside Facebook, where the microphone may not work.",
  other: "This opened inside another app, where the microphone may not work.",
  outsideIos:
    "Choose “Open in Safari” from the menu or the share button. Otherwise copy the address and paste it into Safari.",
  outsideAndroid:
    "Choose “Open in another browser” from the menu (⋮). Otherwise copy the address and paste it into Chrome.",
  outsideComputer: "Copy the address and open it in Chrome, Safari or Firefox.",

  lostUnplugged: "The microphone was unplugged. Plug it in and it goes on by itself.",
  lostDenied: "The microphone was blocked. Allow it again in the browser.",
  lostInterrupted: "The microphone fell silent. It goes on when the call is over.",
  notChosen: "That microphone could not be opened, so another one is in use.",
};

export const t = dictionary(ko, en);

/** @typedef {keyof typeof ko} Key */
