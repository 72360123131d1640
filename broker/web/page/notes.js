// The notes of one provable draw: fetches them, has fair.js check them, and shows both. Their texts come from others: they are
// shown as text, never as HTML.
"use strict";

const AGAIN_MS = 1000;      // while the server still fetches them
const LOOK_MS = 2000;       // whether there are more
const TEXTS_MAX = 64;       // receipts that are shown; all are checked
const HEX = /^[0-9a-f]{64}$/;

const name = new URLSearchParams(location.search).get("draw") || "";
const shown = { able: null, draw: null, told: null, state: "", turn: 0 };

const $ = id => document.getElementById(id);

if (document.readyState !== "complete") window.addEventListener("load", start);
else start();

async function start() {
  text("draw-title", name || "–");
  document.title = (name || "Notes") + " – Lotería";
  $("ticket").addEventListener("input", judgeTicket);
  const subtle = globalThis.crypto && globalThis.crypto.subtle;
  shown.able = await fair.ability(subtle);
  drawAbility();
  if (name === "") verdict("wait", "no draw is named");
  while (name !== "") {
    let again = LOOK_MS;
    try { again = await look(subtle); } catch (error) { verdict("wait", "the server does not answer, trying again"); }
    await new Promise(done => setTimeout(done, again));
  }
}

function drawAbility() {
  const lacks = !shown.able.hashes
    ? "This browser gives a page no cryptography when it comes over plain http from another machine: nothing is checked here. Open it over https, or on the machine itself (localhost)."
    : !shown.able.signatures ? "This browser does not know Ed25519: hashes, roots and the number are checked here, signatures are not." : "";
  text("unable", lacks);
  show("unable", lacks !== "");
}

// ---- What comes ---------------------------------------------------------------------

// In how many ms to look again.
async function look(subtle) {
  const state = await stateOf();
  if (shown.told && shown.told.complete && state === shown.state) return LOOK_MS;
  const answer = await fetch("/api/v1/notes?draw=" + encodeURIComponent(name));
  const told = await answer.json();
  if (!answer.ok) { verdict("wait", told.error || "no notes"); return LOOK_MS; }
  if (!told.fetched) {
    verdict("wait", told.reason || "fetching the notes");
    return AGAIN_MS;
  }
  shown.told = told;
  shown.state = state;
  drawTexts(told);
  if (shown.able.hashes) await check(told, subtle);
  else verdict("bad", "not checked here");
  return LOOK_MS;
}

// What the central says of the draw; when it changes there are more notes.
async function stateOf() {
  const answer = await fetch("/api/v1/draws");
  if (!answer.ok) return "";
  const draw = (await answer.json()).draws.find(one => one.name === name);
  return draw ? JSON.stringify([draw.phase, draw.ready, draw.revealed, draw.drawn]) : "";
}

async function check(told, subtle) {
  const draw = await fair.check(told, subtle, shown.able);
  shown.draw = draw;
  drawHead(draw);
  drawSteps(draw);
  drawParties(draw);
  await judgeTicket();
}

// ---- What is shown ------------------------------------------------------------------

function verdict(kind, words) {
  text("verdict", words);
  $("verdict").className = "pill " + kind;
}

function drawHead(draw) {
  const phase = $("draw-phase"), missing = missingOf(draw);
  phase.className = "eyebrow" + (draw.off ? " void" : draw.seal ? " over" : "");
  text("draw-phase", (draw.open && draw.open.demo ? "demo, " : "provable, ")
    + (draw.off ? "void" : draw.result ? "drawn" : draw.seal ? "sealed, pending" : "not sealed yet"));
  text("hash-open", draw.open ? draw.open.hash : "–");
  text("hash-seal", draw.seal ? draw.seal.hash : "–");
  text("draw-note", draw.off ? draw.off.reason : missing.length ? "waits for the nonces of " + listed(missing) : "");
  $("draw-balls").replaceChildren(...[...(draw.result ? draw.result.number : "")].map(digit => make("span", "ball", digit)));
  show("draw-balls", Boolean(draw.result));
  if (!draw.holds) verdict("bad", "does not hold");
  else if (!shown.able.signatures) verdict("wait", "holds, signatures not checked");
  else verdict("good", "what is here holds");
}

// Of a draw that is pending: who has committed and not revealed, as far as the notes say.
function missingOf(draw) {
  if (!draw.seal || draw.result) return [];
  return [...draw.commitments.keys()].filter(party => party !== "0" && !draw.signed.has("agency-" + party) && !draw.replaced.has("agency-" + party));
}

function listed(agencies) {
  const first = agencies.slice(0, 20).join(", ");
  return (agencies.length === 1 ? "agency " : "agencies ") + first + (agencies.length > 20 ? " and " + (agencies.length - 20) + " more" : "");
}

function drawSteps(draw) {
  $("steps").replaceChildren(...draw.steps.map(step => {
    const item = make("li", step.holds ? "holds" : "fails");
    item.append(make("b", "", step.name), make("span", "", step.text));
    return item;
  }));
  text("steps-note", draw.holds ? "" : "the first thing that does not hold ends it");
}

function drawParties(draw) {
  const rows = draw.seal ? draw.seal.agencies : draw.open ? draw.open.agencies.map(([agency]) => ({ agency })) : [];
  const won = new Map(draw.result ? draw.result.winners.map(([agency, count]) => [agency, count]) : []);
  const revealed = new Map(draw.result ? draw.result.reveals.map(([party, , by]) => [party, by ? "by the auditor" : "yes"]) : []);
  $("parties").tBodies[0].replaceChildren(...rows.map(row => {
    const receipt = draw.receipts.get(row.agency), line = make("tr");
    const committed = draw.seal ? row.commitment !== "-" : Boolean(receipt);
    line.append(make("td", "num", row.agency), make("td", "num right", String(row.count ?? (receipt ? receipt.count : "–"))),
      make("td", committed ? "" : "quiet", committed ? "yes" : draw.seal ? "no" : "not yet"),
      make("td", "", draw.signed.has("agency-" + row.agency) ? "yes" : committed && draw.seal && !draw.result ? "not yet" : "–"),
      make("td", "", revealed.get(row.agency) || "–"), make("td", "num right", won.get(row.agency) || "–"));
    return line;
  }));
  text("parties-note", rows.length + (rows.length === 1 ? " agency" : " agencies"));
}

function drawTexts(told) {
  const files = [["open.note", told.open], ...told.receipts.slice(0, TEXTS_MAX).map(one => ["ready-" + one.agency + ".note", one.text]),
    ["seal.note", told.seal], ["result.note", told.result], ["void.note", told.void]].filter(file => file[1]);
  const open = new Set([...document.querySelectorAll("#texts details[open]")].map(node => node.dataset.name));
  $("texts").replaceChildren(...files.map(([file, words]) => {
    const part = make("details");
    part.dataset.name = file;
    part.open = open.has(file);
    part.append(make("summary", "", file), make("pre", "", words));
    return part;
  }));
}

// ---- A ticket -----------------------------------------------------------------------

async function judgeTicket() {
  const words = $("ticket").value.trim(), turn = ++shown.turn;
  if (words === "" || !shown.draw) return say("", words && "there is nothing to hold it against yet");
  if (HEX.test(words)) {
    const same = shown.draw.open && shown.draw.open.hash === words;
    return say(same ? "good" : "bad", same ? "This is the O above." : "The O above is another one: somebody was shown another open note. Keep both.");
  }
  const found = await fair.checkTicket(shown.draw, words);
  if (turn !== shown.turn) return undefined; // typed on meanwhile
  if (!found.holds) return say("bad", "It does not hold: " + found.text);
  const bet = found.ticket, wins = found.wins;
  return say("good", "It holds: bet " + bet.offset + " of agency " + bet.agency + ", on " + bet.fields[4] + ", is in the seal. "
    + (wins === null ? "The number is not known yet." : wins ? "It has won." : bet.stands ? "It has not won." : "It was cancelled."));
}

function say(kind, words) {
  text("ticket-verdict", words || "");
  $("ticket-verdict").className = kind;
}

// ---- The document -------------------------------------------------------------------

function make(tag, kind, words) {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  if (words !== undefined) node.textContent = words;
  return node;
}

function text(id, words) {
  if ($(id).textContent !== words) $(id).textContent = words;
}

function show(id, visible) {
  $(id).hidden = !visible;
}
