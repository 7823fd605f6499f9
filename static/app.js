/**
 * What pages gain where scripts run. Every page works without it.
 *
 * data-copy on a button       copies the [data-value] of the nearest [data-copies] and says so
 * data-live="seconds" on #id  keeps itself up to date from the page's own address, which is loaded again without it
 * <time datetime>             in the reader's zone; with data-relative as "3 minutes ago"
 * data-confirm="word"         the form's button waits until the word is typed
 * form[data-auto-submit]      goes on by itself
 * form[data-passkey]          asks the browser for a passkey before it is sent; shown only where there are any
 * data-key="/" on an input    that key moves there, unless the reader turned it off with a data-keys button
 */

const say = (words) => {
  const status = document.getElementById("status");
  if (status) status.textContent = words;
};

// Copy

const textOf = (element) =>
  element.matches("ol, ul")
    ? [...element.children].map((item) => item.textContent.trim()).join("\n")
    : element.textContent;

/** Without https there is no clipboard API; the old way still works. */
const copyOldWay = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
};

const copy = async (button) => {
  const row = button.closest("[data-copies]");
  const text = textOf(row.querySelector("[data-value]"));
  let copied = false;
  try {
    await navigator.clipboard.writeText(text);
    copied = true;
  } catch {
    copied = copyOldWay(text);
    button.focus();
  }
  button.textContent = copied ? "Copied" : "Select it";
  button.classList.toggle("is-copied", copied);
  say(copied ? `${row.dataset.copies}: copied` : "This browser did not copy it. Select the value and copy it by hand.");
  setTimeout(() => {
    button.textContent = "Copy";
    button.classList.remove("is-copied");
    say("");
  }, 2500);
};

// Times

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");
const exact = (at) =>
  `${at.getDate()} ${MONTHS[at.getMonth()]} ${at.getFullYear()}, ${two(at.getHours())}:${two(at.getMinutes())}`;

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = (at) => {
  const seconds = (at - Date.now()) / 1000;
  if (Math.abs(seconds) < 45) return seconds > 5 ? "in a moment" : "just now";
  if (Math.abs(seconds) > 30 * 86_400) return exact(at);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size * 0.9) ?? UNITS[2];
  return new Intl.RelativeTimeFormat("en", { numeric: "always" }).format(Math.round(seconds / size), unit);
};

const localTimes = (root) => {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || !time.dateTime.includes("T")) continue;
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    time.textContent = "relative" in time.dataset ? relative(at) : exact(at);
    time.title = `${exact(at)} ${zone}`;
  }
};

// Confirm by typing

const confirmByTyping = (root) => {
  for (const input of root.querySelectorAll("input[data-confirm]")) {
    const button = input.form?.querySelector("button:not([type=button])");
    const check = () => {
      if (button) button.disabled = input.value.trim() !== input.dataset.confirm;
    };
    input.addEventListener("input", check);
    check();
  }
};

// Live parts

/** What the server last said of each part, as it said it: our own changes must not look like news. */
const said = new WeakMap();

const swap = (part, fresh) => {
  if (said.get(part) === fresh.innerHTML) return false;
  said.set(part, fresh.innerHTML);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceChildren(...fresh.childNodes);
  part.className = fresh.className;
  if ("live" in fresh.dataset) part.dataset.live = fresh.dataset.live;
  else delete part.dataset.live;
  part.classList.remove("arrived");
  void part.offsetWidth;
  part.classList.add("arrived");
  bring(part);
  if (focused) document.getElementById(focused)?.focus();
  return true;
};

/** Asks again after a while, more slowly when nothing is new, not at all while nobody looks. */
const keepUp = () => {
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  const shortest = () => Math.min(...parts().map((part) => Number(part.dataset.live) || 3)) * 1000;
  for (const part of parts()) said.set(part, part.innerHTML);
  let wait = shortest();
  let timer = 0;

  const look = async () => {
    timer = 0;
    let news = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error", cache: "no-store" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts()) {
          const fresh = page.getElementById(part.id);
          if (!fresh) return location.reload();
          news = swap(part, fresh) || news;
        }
      } else if (answer.status < 500) return;
    } catch {
      // Away for a moment, or signed out: ask more slowly.
    }
    wait = news ? shortest() : Math.min(wait * 1.3, 30_000);
    plan();
  };

  const plan = () => {
    if (!timer && !document.hidden && parts().length) timer = setTimeout(look, wait);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = 0;
    if (!document.hidden && parts().length) {
      wait = shortest();
      look();
    }
  });
  plan();
};

// Keys

const KEYS = "doorward-keys";
const keysAreOn = () => localStorage.getItem(KEYS) !== "off";
const isTyping = (element) => element.isContentEditable || element.matches("input, textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  const target = document.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (!target || !keysAreOn()) return;
  event.preventDefault();
  target.focus();
  target.select();
});

/** A key alone can be struck by accident, or by speech: whoever wants it off turns it off. */
const nameKeys = () => {
  const key = document.querySelector("input[data-key]")?.dataset.key;
  for (const button of document.querySelectorAll("[data-keys]")) {
    button.hidden = !key;
    button.textContent = `${keysAreOn() ? "Stop" : "Start"} searching with the ${key} key`;
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-keys]");
  if (!button) return;
  localStorage.setItem(KEYS, keysAreOn() ? "off" : "on");
  nameKeys();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// Passkeys

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) => {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

/** What the server says, as `navigator.credentials` takes it. */
const asOptions = (said) => {
  const listed = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));
  const options = { ...said, challenge: toBytes(said.challenge) };
  if (said.user) options.user = { ...said.user, id: toBytes(said.user.id) };
  if (said.allowCredentials) options.allowCredentials = listed(said.allowCredentials);
  if (said.excludeCredentials) options.excludeCredentials = listed(said.excludeCredentials);
  return options;
};

/** What the authenticator answered, as the server reads it. */
const asAnswer = (credential) => {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = parts.filter((part) => response[part]).map((part) => [part, toText(response[part])]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(given),
    clientExtensionResults: {},
  });
};

const PASSKEY_TROUBLE = {
  NotAllowedError: "No passkey was used: it was cancelled, or took too long.",
  InvalidStateError: "This device holds a passkey for you already.",
  SecurityError: "The browser uses no passkey at this address.",
};

/** The conditional request that waits in the e-mail field; the browser allows one request at a time. */
let quiet = null;

const askForPasskey = async (form, more = {}) => {
  const { passkey, challenge } = form.dataset;
  const answer = await fetch(challenge, { method: "POST", body: new URLSearchParams({ for: passkey }), cache: "no-store" });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.message ?? "Doorward could not ask for a passkey. Load the page again.");
  const publicKey = asOptions(said.publicKey);
  const credential = await (passkey === "registration"
    ? navigator.credentials.create({ publicKey })
    : navigator.credentials.get({ publicKey, ...more }));
  form.elements.challenge.value = said.id;
  form.elements.credential.value = asAnswer(credential);
  form.submit();
};

const usePasskey = async (form) => {
  const says = form.querySelector("[data-says]");
  says.hidden = true;
  quiet?.abort();
  try {
    if (location.origin !== form.dataset.origin) throw new Error(`Passkeys work at ${form.dataset.origin} only. Open this page there.`);
    await askForPasskey(form);
  } catch (trouble) {
    says.textContent = PASSKEY_TROUBLE[trouble.name] ?? trouble.message;
    says.hidden = false;
    say(says.textContent);
  }
};

/** Offers passkeys in the e-mail field, without a click. Asked anew before the challenge is too old. */
const offerPasskeys = async (form) => {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.()) || location.origin !== form.dataset.origin) return;
  quiet?.abort();
  quiet = new AbortController();
  const { signal } = quiet;
  const again = setTimeout(() => offerPasskeys(form), 240_000);
  signal.addEventListener("abort", () => clearTimeout(again));
  askForPasskey(form, { mediation: "conditional", signal }).catch(() => {});
};

const bringPasskeys = () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const absent = form.nextElementSibling;
    if (!window.PublicKeyCredential) {
      absent.textContent = "This browser has no passkeys, or this page is not open over https.";
      continue;
    }
    absent.hidden = true;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      usePasskey(form);
    });
    if (form.dataset.passkey === "sign-in" && document.querySelector("input[autocomplete~=webauthn]")) offerPasskeys(form);
  }
};

/** Makes `root` live; again for every part that arrives later. */
function bring(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  localTimes(root);
  confirmByTyping(root);
}

nameKeys();
bringPasskeys();
keepUp();
bring(document);
setInterval(() => localTimes(document), 60_000);
document.querySelector("form[data-auto-submit]")?.requestSubmit();
