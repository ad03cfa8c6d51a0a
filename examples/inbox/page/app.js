// The page: routes, events of the server, and the functions behind keys and buttons.

import * as api from "./api.js";
import { el, person } from "./dom.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { showMessage } from "./message.js";
import { showSession } from "./session.js";

const by = (id) => document.getElementById(id);
const [detail, search, status, announce] = ["detail", "search", "status", "announce"].map(by);
const list = new List(by("items"), by("none"));
let info = { smtp: "127.0.0.1:1025" };
/** What is shown: `{ kind, id, tab }`. */
let shown = {};
/** Counts loads, so that a slow one does not replace a later one. */
let load = 0;

function route() {
  const [, kind, id, tab] = location.hash.match(/^#\/(message|session)\/(\d+)(?:\/(\w+))?$/) ?? [];
  return kind ? { kind, id: Number(id), tab } : {};
}

async function show() {
  if (location.hash && !location.hash.startsWith("#/")) return;
  const before = shown;
  shown = route();
  const key = shown.kind && `${shown.kind}/${shown.id}`;
  document.body.classList.toggle("open", Boolean(key));
  list.mark(key);
  await render(before);
}

async function render(before = shown) {
  const own = ++load;
  const hadFocus = detail.contains(document.activeElement) && document.activeElement;
  const inTabs = hadFocus && hadFocus.closest("[role=tab]");
  // The route that the detail shows, for tests.
  const path = [shown.kind, shown.id, shown.tab].filter(Boolean).join("/");
  if (!shown.kind) {
    detail.replaceChildren(welcome());
    detail.dataset.route = path;
    document.title = "inbox";
    return;
  }
  // Not into the page at once: it would show two messages in one if the later one came first.
  const made = el("div");
  let title;
  try {
    title =
      shown.kind === "message"
        ? await showMessage(made, shown.id, shown.tab ?? rememberedTab(), actions, info)
        : await showSession(made, shown.id, actions);
  } catch (error) {
    made.replaceChildren(el("a", { class: "back", href: "#/" }, "Back to the list"), el("p", { class: "none" }, error.message));
    title = "gone";
  }
  if (own !== load) return;
  const scroll = before.kind === shown.kind && before.id === shown.id && before.tab === shown.tab ? by("panel")?.scrollTop : 0;
  detail.replaceChildren(...made.childNodes);
  detail.dataset.route = path;
  if (by("panel") && scroll) by("panel").scrollTop = scroll;
  document.title = `${title} · inbox`;
  if (shown.tab) rememberTab(shown.tab);
  if (inTabs) detail.querySelector("[role=tab][aria-selected=true]")?.focus();
  else if (hadFocus) detail.focus({ preventScroll: true });
}

// The next message opens with the same view.
let lastTab;
const rememberedTab = () => lastTab;
const rememberTab = (tab) => (lastTab = tab);

function welcome() {
  const heading = list.entries().length > 0 ? "Choose a message" : list.isKnown && "No mail yet";
  return el(
    "div",
    { class: "welcome" },
    heading && el("h2", {}, heading),
    el("p", {}, "Let your program send to ", el("code", {}, info.smtp), ". Any sender, recipient and password will do."),
    el("pre", {}, `printf 'Subject: hi\\r\\n\\r\\nHello\\r\\n' |\n  curl smtp://${info.smtp} -T - \\\n    --mail-from ann@example.org --mail-rcpt bob@example.net`),
    el(
      "dl",
      { class: "keys" },
      [
        ["↓ ↑", "next and previous"],
        ["/", "search"],
        ["← →", "views of a message, in the tabs"],
        ["Delete", "delete"],
        ["Escape", "back to the list"],
      ].map(([key, meaning]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, meaning)]),
    ),
  );
}

const actions = {
  async remove() {
    if (!shown.kind) return;
    const { kind, id } = shown;
    const key = `${kind}/${id}`;
    const next = [1, -1].map((step) => list.neighbour(key, step)).find((other) => other !== key);
    // Before the request: its event would lead back to the list.
    location.hash = next ? `#/${next}` : "#/";
    await api.remove(kind, id);
    list.remove({ messages: kind === "message" ? [id] : [], sessions: kind === "session" ? [id] : [] });
    if (next) list.link(next)?.focus();
  },
  async release(result) {
    result.textContent = "Sending …";
    try {
      result.textContent = (await api.release(shown.id)).result;
    } catch (error) {
      result.textContent = `Not released: ${error.message}`;
    }
  },
};

listen({
  step(step) {
    const key = list.neighbour(list.current, step);
    if (!key) return;
    location.hash = `#/${key}`;
    // At once: the next key may come before the page has followed the address.
    list.mark(key);
    list.link(key)?.focus();
  },
  search() {
    search.focus();
    search.select();
  },
  escape(isSearch) {
    if (isSearch && search.value) {
      search.value = "";
      reload();
      return;
    }
    const key = list.current;
    if (shown.kind) location.hash = "#/";
    (list.link(key) ?? list.root.querySelector("a"))?.focus();
  },
  remove: () => actions.remove().catch((error) => (announce.textContent = error.message)),
});

async function reload() {
  const words = search.value.trim();
  const [messages, sessions] = await Promise.all([api.messages(words), api.sessions(words)]);
  if (words !== search.value.trim()) return;
  list.replace(messages, sessions);
  if (!shown.kind) await render();
}

let timer;
function reloadSoon() {
  clearTimeout(timer);
  timer = setTimeout(reload, 150);
}

function follow() {
  const events = new EventSource("/api/events");
  const on = (name, handle) => events.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  events.onopen = () => state("listening");
  events.onerror = () => state("lost");
  on("reload", reload);
  on("message", (one) => {
    const from = one.from[0] ? person(one.from[0]) : one.envelope.from;
    announce.textContent = `New message from ${from}: ${one.subject}`;
    if (search.value) reloadSoon();
    else list.addMessage(one);
    if (!shown.kind) render();
  });
  on("session", (one) => {
    if (search.value) reloadSoon();
    else list.addSession(one);
    if (shown.kind === "session" && shown.id === one.id) render();
    else if (!shown.kind) render();
  });
  on("deleted", (gone) => {
    list.remove(gone);
    const { kind, id } = route();
    if ((kind === "message" ? gone.messages : gone.sessions).includes(id)) location.hash = "#/";
    if (!shown.kind) render();
  });
}

function state(name) {
  const text = name === "listening" ? `listening on ${info.smtp}` : "connection to inbox lost, trying again";
  status.replaceChildren(el("span", { class: `dot ${name}` }), text);
}

by("clear").addEventListener("click", () => by("confirm").showModal());
by("confirm").addEventListener("close", async () => {
  if (by("confirm").returnValue !== "yes") return;
  by("confirm").returnValue = "";
  await api.removeAll();
  location.hash = "#/";
});
search.addEventListener("input", reloadSoon);
addEventListener("hashchange", show);

info = await api.info();
follow();
await show();
