// The parent's chat. The server draws every question; this sends answers without a page load,
// keeps a message until it has gone, and sends photos smaller than they were taken.
const SESSION = "club.session";
const WAITING = "club.waiting";
const SIDE = 1600; // pixels; the club keeps no larger photo
const LARGEST = 10 * 1024 * 1024;
const POLL = 1500;

const chat = document.getElementById("chat");
const log = document.getElementById("log");
const ask = document.getElementById("ask");
const notice = document.getElementById("notice");
const forget = document.getElementById("forget");
let key = chat.dataset.key;

const kept = {
  get(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  },
  set(name, value) {
    try { localStorage.setItem(name, value); } catch { /* private window: this visit only */ }
  },
  drop(name) {
    try { localStorage.removeItem(name); } catch { /* nothing was kept */ }
  },
};

const pause = (seconds) => new Promise((go) => {
  const timer = setTimeout(go, seconds * 1000);
  addEventListener("online", () => { clearTimeout(timer); go(); }, { once: true });
});

function say(text) {
  notice.textContent = text;
}

function busy(on) {
  ask.setAttribute("aria-busy", String(on));
  for (const control of ask.querySelectorAll("button, input, textarea")) {
    if (on && !control.disabled) { control.dataset.paused = ""; control.disabled = true; }
    if (!on && "paused" in control.dataset) { delete control.dataset.paused; control.disabled = false; }
  }
}

function addLine(role, html, text) {
  const line = document.createElement("div");
  line.className = `line ${role}`;
  if (html === null) {
    const paragraph = document.createElement("p");
    paragraph.textContent = text;
    line.append(paragraph);
  } else {
    line.innerHTML = html; // made harmless by the server
  }
  const who = document.createElement("span");
  who.className = "unseen";
  who.textContent = role === "parent" ? "You:" : "The club:";
  line.prepend(who);
  log.append(line);
  return line;
}

function show(page, from) {
  ask.innerHTML = page.form;
  ask.setAttribute("aria-busy", "false");
  const field = ask.querySelector(".words input:not([type=hidden]), .words textarea");
  const first = page.ask.choices?.length ? null : field;
  (first ?? ask).focus({ preventScroll: true });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  from?.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
}

// The answer of the server as {status, data, text}, or null where it cannot be reached just now.
async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if ([429, 502, 503, 504].includes(answer.status)) {
      return { later: Number(answer.headers.get("Retry-After")) || 5 };
    }
    if (answer.ok) return { data: await answer.json() };
    return { refused: (await answer.text()).slice(0, 300) };
  } catch {
    return null;
  }
}

// Asks until there is an answer. A message that arrives twice is taken once: it names its question.
async function insist(path, body, meanwhile) {
  for (let wait = 1; ; wait = Math.min(wait * 2, 20)) {
    const answer = await post(path, body);
    if (answer && !answer.later) return answer;
    meanwhile(answer === null);
    await pause(answer?.later ?? wait);
  }
}

async function deliver(message, line) {
  busy(true);
  const body = { user_message: message.text, session_id: key, page: true, answering: message.answering };
  const answer = await insist("chat", body, (cut) => {
    line.classList.add("waiting");
    say(cut
      ? "No connection. Your message waits here and goes by itself."
      : "We are very busy. Your message waits here and goes by itself.");
  });
  kept.drop(WAITING);
  line.classList.remove("waiting");
  if (answer.refused !== undefined) {
    line.remove();
    busy(false);
    say(answer.refused);
    const field = ask.querySelector("[name=user_message]");
    if (field) { field.value = message.text; field.focus(); }
    return;
  }
  say("");
  if (answer.data.page.stale) {
    await resume();
    say("That was answered already. Here is where we are.");
    return;
  }
  addLine("club", answer.data.page.html);
  show(answer.data.page, line);
}

async function send(text, answering) {
  kept.set(SESSION, key);
  forget.hidden = false;
  const message = { text, answering };
  kept.set(WAITING, JSON.stringify(message));
  await deliver(message, addLine("parent", null, text));
}

async function resume() {
  const answer = await insist("chat/session", { session_id: key }, (cut) => {
    document.documentElement.classList.remove("resuming");
    say(cut ? "No connection. We go on as soon as it is back." : "One moment, please.");
  });
  say(answer.refused ?? "");
  if (answer.data) {
    log.replaceChildren();
    for (const line of answer.data.lines) addLine(line.role, line.html);
    document.documentElement.classList.remove("resuming");
    show(answer.data.page, log.lastElementChild);
  }
  document.documentElement.classList.remove("resuming");
}

// --- Photos ------------------------------------------------------------------------------------
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((go) => canvas.toBlob(go, "image/jpeg", 0.9));
    return blob && blob.size < file.size ? blob : file;
  } catch {
    return file; // HEIC, or an old browser: the server can read it
  }
}

function upload(blob, name) {
  const form = new FormData();
  form.append("file", blob, name);
  form.append("session_id", key);
  return new Promise((go) => {
    const request = new XMLHttpRequest();
    request.open("POST", "upload-async");
    request.upload.onprogress = (event) => {
      const bar = document.getElementById("bar");
      if (bar && event.lengthComputable) bar.value = Math.round((event.loaded / event.total) * 100);
    };
    request.onload = () => go(request);
    request.onerror = () => go(null);
    request.send(form);
  });
}

async function sendPhoto(file) {
  busy(true);
  const blob = await smaller(file);
  if (blob.size > LARGEST) {
    busy(false);
    say("That photo is larger than 10 MB. Please choose a smaller one.");
    return;
  }
  kept.set(SESSION, key);
  document.getElementById("sent").hidden = false;
  let request = await upload(blob, file.name);
  for (let wait = 1; !request || [429, 502, 503, 504].includes(request.status); wait = Math.min(wait * 2, 20)) {
    say("No connection. The photo waits here and goes by itself.");
    await pause(wait);
    request = await upload(blob, file.name);
  }
  if (request.status !== 200) {
    busy(false);
    document.getElementById("sent").hidden = true;
    say(request.responseText.slice(0, 300));
    return;
  }
  const reply = JSON.parse(request.responseText);
  say(reply.processing ? "We have it and are looking at it. This takes a few seconds." : "");
  if (!reply.processing) {
    addLine("club", null, reply.response.replace(/[*_`]/g, ""));
    busy(false);
    document.getElementById("sent").hidden = true;
    return;
  }
  await ended();
  await resume();
}

async function ended() {
  for (;;) {
    await pause(POLL / 1000);
    try {
      const answer = await fetch(`upload-status/${encodeURIComponent(key)}`);
      if (answer.ok && (await answer.json()).complete) return;
    } catch {
      say("No connection. Your photo has arrived; we go on as soon as it is back.");
    }
  }
}

// --- What the parent does ------------------------------------------------------------------------
function written(form, button) {
  if (button?.name === "choice") return button.value;
  const given = new FormData(form);
  if (given.has("day")) {
    const parts = ["day", "month", "year"].map((part) => given.get(part).trim());
    return parts.every(Boolean) ? parts.join("/") : "";
  }
  return (given.get("user_message") ?? "").trim();
}

ask.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.classList.contains("whole")) return; // a page of its own
  event.preventDefault();
  if (ask.getAttribute("aria-busy") === "true") return;
  const file = form.elements.file?.files[0];
  if (form.elements.file) {
    if (file) sendPhoto(file);
    return;
  }
  const text = written(form, event.submitter);
  if (text) send(text, form.elements.answering.value);
});

// With a keyboard, Enter sends; on a phone it starts a new line.
ask.addEventListener("keydown", (event) => {
  const plain = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (!plain || event.target.tagName !== "TEXTAREA" || matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

ask.addEventListener("change", (event) => {
  if (event.target.type !== "file") return;
  const preview = document.getElementById("preview");
  const file = event.target.files[0];
  URL.revokeObjectURL(preview.src);
  preview.hidden = !file;
  if (file) preview.src = URL.createObjectURL(file);
  event.target.form.querySelector(".send").scrollIntoView({ block: "nearest" });
  preview.onerror = () => { preview.hidden = true; };
});

forget.addEventListener("click", () => {
  if (!confirm("Forget this chat on this device? What you sent in stays with the club.")) return;
  kept.drop(SESSION);
  kept.drop(WAITING);
  location.reload();
});

// A link from another device brought the conversation here: it takes the place of any other.
if ("resumed" in chat.dataset) {
  document.documentElement.classList.add("scripted");
  kept.set(SESSION, key);
  kept.drop(WAITING);
  forget.hidden = false;
  history.replaceState(null, "", location.href); // a reload asks for the chat, not for the link again
}

const known = "resumed" in chat.dataset ? null : kept.get(SESSION);
if (known) {
  key = known;
  forget.hidden = false;
  await resume();
  const message = JSON.parse(kept.get(WAITING) ?? "null");
  if (message) await deliver(message, addLine("parent", null, message.text));
}
