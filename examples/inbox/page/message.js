// A message: its views in tabs.

import * as api from "./api.js";
import { count, el, outside, people, size, wholeTime } from "./dom.js";
import { sessionLines, warningList } from "./session.js";

/** Characters of the source that are shown. The whole is a download. */
const MAX_SOURCE = 1_000_000;

/** Renders a message into the detail. `actions` are the functions of the buttons. */
export async function showMessage(root, id, tab, actions, info) {
  const message = await api.message(id);
  // The session is gone after a restart.
  const session = message.session ? await api.session(message.session).catch(() => undefined) : undefined;
  const warnings = [...message.warnings, ...(session?.warnings ?? [])];
  const tabs = [
    message.html && { name: "html", title: "HTML", view: () => htmlView(message) },
    { name: "text", title: "Text", view: () => textView(message) },
    { name: "parts", title: "Parts", view: () => partsView(message) },
    { name: "headers", title: "Headers", view: () => headersView(message) },
    { name: "source", title: "Source", view: () => sourceView(message) },
    session && { name: "session", title: "Session", view: () => sessionLines(session, message.id) },
    { name: "warnings", title: "Warnings", number: warnings.length, view: () => warningsView(message, session) },
  ].filter(Boolean);
  const open = tabs.find((one) => one.name === tab) ?? tabs[0];
  const panel = el("div", { id: "panel", class: `panel ${open.name}`, role: "tabpanel", "aria-labelledby": `tab-${open.name}`, tabindex: "0" });
  panel.append(await open.view());
  root.replaceChildren(head(message, actions, info), tabList(message, tabs, open), panel);
  return message.subject || "no subject";
}

function head(message, actions, info) {
  const { envelope } = message;
  const field = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];
  const parameters = envelope.parameters.length > 0 ? ` ${envelope.parameters.join(" ")}` : "";
  const result = el("p", { class: "result", role: "status" });
  return el(
    "header",
    { class: "head" },
    el("a", { class: "back", href: "#/" }, "Back to the list"),
    el("h2", {}, message.subject || "no subject"),
    el(
      "dl",
      {},
      field("From", people(message.from)),
      field("To", people(message.to)),
      field("Cc", people(message.cc)),
      field("Reply-To", people(message.reply_to)),
      field("Envelope", `<${envelope.from}>${parameters} → ${envelope.to.join(", ")}`),
      field("Received", [wholeTime(message.received), `, ${size(message.size)}`]),
    ),
    el(
      "p",
      { class: "buttons" },
      el("button", { type: "button", onclick: () => actions.remove(), "aria-keyshortcuts": "Delete" }, "Delete"),
      el("a", { class: "button", href: `/api/messages/${message.id}/source?download`, download: true }, "Download"),
      info.release_to && el("button", { type: "button", onclick: () => actions.release(result) }, `Release to ${info.release_to}`),
    ),
    result,
  );
}

function tabList(message, tabs, open) {
  const one = (tab) =>
    el(
      "a",
      {
        id: `tab-${tab.name}`,
        role: "tab",
        href: `#/message/${message.id}/${tab.name}`,
        "aria-selected": String(tab === open),
        "aria-controls": "panel",
        tabindex: tab === open ? "0" : "-1",
      },
      tab.title,
      tab.number > 0 && el("span", { class: "number" }, String(tab.number)),
    );
  return el("div", { class: "tabs", role: "tablist", "aria-label": "Views of the message" }, tabs.map(one));
}

/** The frame has no rights: no scripts, no forms, no navigation, no origin. The server's headers say the same. */
function htmlView(message) {
  const frame = el("iframe", {
    sandbox: "",
    src: `/api/messages/${message.id}/html`,
    title: "HTML of the message",
    referrerpolicy: "no-referrer",
  });
  return el("div", { class: "htmlview" }, frame, linkList(message, "Nothing from outside is loaded."));
}

function linkList(message, note = "") {
  if (message.links.length === 0) return el("p", { class: "quiet" }, note);
  const links = message.links.map((link) => el("li", {}, outside(link.url, link.url)));
  return el(
    "details",
    { class: "links" },
    el("summary", {}, `${count(message.links.length, "link")}. ${note}`),
    el("ul", {}, links),
  );
}

function textView(message) {
  const note = message.text_is_of_html && el("p", { class: "quiet" }, "The message has no text part. This is its HTML as text.");
  const text = message.text.trim() ? el("pre", { class: "prose" }, message.text) : el("p", { class: "quiet" }, "The message has no text.");
  return el("div", {}, note, text, !message.html && message.links.length > 0 && linkList(message));
}

function partsView(message) {
  if (!message.parts) return el("p", { class: "quiet" }, "The message has no parts.");
  return el("ul", { class: "tree" }, partItem(message.id, message.parts));
}

function partItem(id, part) {
  const facts = [part.charset, part.encoding, part.disposition, part.content_id && `<${part.content_id}>`].filter(Boolean);
  const isLeaf = part.parts.length === 0;
  const url = `/api/messages/${id}/parts/${encodeURIComponent(part.id)}`;
  return el(
    "li",
    {},
    el("code", {}, part.type),
    part.name && el("strong", {}, ` ${part.name}`),
    facts.length > 0 && el("span", { class: "quiet" }, ` ${facts.join(", ")}`),
    isLeaf && el("a", { href: url, download: true }, `Download ${size(part.size)}`),
    !isLeaf && el("ul", {}, part.parts.map((one) => partItem(id, one))),
  );
}

function headersView(message) {
  const row = (field) => el("tr", {}, el("th", { scope: "row" }, field.name), el("td", {}, field.value));
  return el("table", { class: "headers" }, el("tbody", {}, message.headers.map(row)));
}

async function sourceView(message) {
  const source = await api.source(message.id);
  const isCut = source.length > MAX_SOURCE;
  return el(
    "div",
    {},
    isCut && el("p", { class: "quiet" }, "This is the beginning. The download has the whole message."),
    el("pre", { class: "source" }, isCut ? source.slice(0, MAX_SOURCE) : source),
  );
}

function warningsView(message, session) {
  const all = (title, warnings, href) => [el("h3", {}, title), warningList(warnings, href)];
  return el(
    "div",
    {},
    all("The message", message.warnings),
    session && all("The session", session.warnings, `#/message/${message.id}/session`),
  );
}

