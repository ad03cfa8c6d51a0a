// A session: each line with its time, the state after it, and its meaning.

import * as api from "./api.js";
import { count, el, rfc, wholeTime } from "./dom.js";

const LEVELS = { refused: "others refuse this", warning: "fault", hint: "hint" };

/** Renders a session into the detail. */
export async function showSession(root, id, actions) {
  const session = await api.session(id);
  const field = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];
  const messages = session.messages.map((message) => el("a", { href: `#/message/${message}` }, `message ${message}`));
  const end = session.is_open ? `still open, state ${session.state}` : session.closed;
  root.replaceChildren(
    el(
      "header",
      { class: "head" },
      el("a", { class: "back", href: "#/" }, "Back to the list"),
      el("h2", { class: session.refusals > 0 ? "code bad" : "code" }, session.outcome),
      el(
        "dl",
        {},
        field("Client", session.client),
        field("Address", session.peer),
        field("Began", wholeTime(session.began)),
        field("End", end),
        messages.length > 0 && field("Brought", messages),
      ),
      el(
        "p",
        { class: "buttons" },
        !session.is_open && el("button", { type: "button", onclick: () => actions.remove(), "aria-keyshortcuts": "Delete" }, "Delete"),
      ),
    ),
    el("div", { id: "panel", class: "panel session", tabindex: "0" }, sessionLines(session)),
  );
  return session.outcome;
}

/** The lines. Those of the transaction of `message` are marked. */
export function sessionLines(session, message) {
  const own = session.transactions.find((one) => one.message === message);
  const item = (line, index) => {
    const before = session.lines[index - 1];
    const isOwn = own && line.number >= own.from && line.number <= own.to;
    const warnings = session.warnings.filter((warning) => warning.line === line.number);
    const lost = before && line.number > before.number + 1 && el("li", { class: "lost" }, `${count(session.lines_lost, "line")} not kept`);
    return [lost, lineItem(line, before, isOwn, warnings)];
  };
  const lines = [];
  for (let index = 0; index < session.lines.length; index++) {
    const long = longReply(session.lines, index);
    if (long > 0) lines.push(folded(session.lines.slice(index, index + long), (line, at) => item(line, index + at)));
    else lines.push(item(session.lines[index], index));
    index += Math.max(long - 1, 0);
  }
  return el(
    "div",
    {},
    el("ol", { class: "lines", "aria-label": "Lines of the session" }, lines),
    el("p", { class: "quiet" }, "Passwords, message data and unknown commands are not recorded."),
  );
}

/** The number of lines from this one on that continue a long reply, as that to EHLO. */
function longReply(lines, start) {
  let end = start;
  while (lines[end]?.side === "S" && lines[end - 1]?.side === "S" && lines[end - 1].text[3] === "-") end += 1;
  return end - start > 2 ? end - start : 0;
}

/** The lines in one that can be opened. */
function folded(lines, item) {
  const last = lines.at(-1);
  const words = lines.map((line) => line.text.slice(4));
  return el(
    "li",
    { class: "line server fold" },
    el("span", { class: "at" }, seconds(last)),
    el("span", { class: "side", "aria-label": "server" }, "S"),
    el(
      "details",
      { class: "said" },
      el("summary", {}, el("span", { class: "quiet" }, `and ${count(lines.length, "more line")}: `), el("code", {}, words.join(", "))),
      el("ol", {}, lines.map(item)),
    ),
    el("span", { class: "state new", title: STATE }, last.state),
  );
}

const STATE = "state of the server after this line";
const seconds = (line) => (line.ms / 1000).toFixed(3);
const SIDES = { C: "client", S: "server", "-": "note" };

function lineItem(line, before, isOwn, warnings) {
  const isRefusal = line.side === "S" && /^[45]/.test(line.text);
  const isNewState = line.state !== before?.state;
  const status = line.status && [` ${line.status.text[0].toUpperCase()}${line.status.text.slice(1)} (`, rfc(line.status.rfc), ")."];
  const meaning = (line.meaning || line.rfc) && el("p", { class: "meaning" }, line.meaning, status, line.meaning && " ", rfc(line.rfc));
  return el(
    "li",
    { id: `line-${line.number}`, class: `line ${SIDES[line.side]} ${isRefusal ? "refusal" : ""} ${isOwn ? "own" : ""}` },
    el("span", { class: "at", title: `line ${line.number}` }, seconds(line)),
    el("span", { class: "side", "aria-label": SIDES[line.side] }, line.side === "-" ? "" : line.side),
    el("div", { class: "said" }, el("code", {}, line.text), meaning, warnings.map((one) => warningItem(one, "p"))),
    el("span", { class: isNewState ? "state new" : "state", title: STATE }, line.state),
  );
}

export function warningList(warnings, href) {
  if (warnings.length === 0) return el("p", { class: "quiet" }, "No warnings.");
  return el("ul", { class: "warnings" }, warnings.map((one) => warningItem(one, "li", href)));
}

function warningItem(warning, name, href) {
  return el(
    name,
    { class: `warning ${warning.level === "warning" ? "fault" : warning.level}` },
    el("span", { class: "level" }, LEVELS[warning.level]),
    el("strong", {}, warning.title),
    " ",
    warning.detail,
    " ",
    rfc(warning.rfc),
    href && warning.line && el("a", { class: "line-link", href }, `line ${warning.line}`),
  );
}
