// The page of loteria-web: draws what /api/v1/stream tells. No framework, nothing from elsewhere.
"use strict";

const RETRY_MS = 3000;       // after the connection was lost for good
const POLL_MS = 3000;        // another draw's agencies, while one is looked at
const SILENCE_MS = 40000;    // the stream says something at least each 15 s

const seen = {
  status: null,
  answers: "",               // of its parts
  agencies: new Map(),       // of the draw that the stream tells of, by number
  draw: null,                // its name
  other: null,               // the agencies of another one that was chosen, or null
  workers: [],
  draws: [],
  history: null,             // {piece_s, ends, rates, bets}
  skew: 0,                   // the central's clock minus ours, in ms
  heard: 0,                  // when the stream last spoke
};
const table = { sort: "agency", down: false, rows: [] };

const $ = id => document.getElementById(id);

start();

function start() {
  for (const button of document.querySelectorAll("#agencies th button"))
    button.addEventListener("click", () => sortBy(button.dataset.sort));
  $("search").addEventListener("input", drawAgencies);
  $("filter").addEventListener("change", drawAgencies);
  $("choose").addEventListener("change", chooseDraw);
  watchPlot();
  connect();
  setInterval(tick, 1000);
  setInterval(pollOther, POLL_MS);
}

// ---- What comes ---------------------------------------------------------------------

function connect() {
  const stream = new EventSource("/api/v1/stream");
  const on = (name, take) => stream.addEventListener(name, event => {
    seen.heard = Date.now();
    take(JSON.parse(event.data));
  });
  on("status", takeStatus);
  on("history", history => { seen.history = history; drawPlot(); });
  on("piece", takePiece);
  on("agencies", told => { seen.agencies = new Map(); takeAgencies(told); });
  on("changes", takeAgencies);
  on("workers", told => { seen.workers = told.workers; drawWorkers(); });
  on("draws", told => { seen.draws = told.draws; drawPast(); drawChoice(); });
  on("refused", told => drawRefused(told.refused));
  on("gone", takeGone);
  stream.onopen = () => { seen.heard = Date.now(); };
  stream.onerror = () => lost(stream);
  stream.watch = setInterval(() => {
    if (Date.now() - seen.heard > SILENCE_MS) lost(stream, true);
  }, 5000);
}

function lost(stream, silent) {
  health("wait", "connection lost, trying again");
  $("main").classList.add("stale");
  if (!silent && stream.readyState !== EventSource.CLOSED) return; // it tries again itself
  clearInterval(stream.watch);
  stream.close();
  seen.heard = Date.now();
  setTimeout(connect, RETRY_MS);
}

function takeStatus(status) {
  seen.status = status;
  seen.skew = Date.parse(status.time) - Date.now();
  $("main").classList.remove("stale");
  drawHealth(status);
  drawHero(currentDraw());
  drawParts(status);
  drawStorage(status.storage);
  drawCodes(status.refused);
  const answered = status.parts.map(part => part.answer).join();
  if (answered === seen.answers) return;
  seen.answers = answered; // what is known of agencies and workers depends on it
  drawAgencies();
  drawWorkers();
}

function answers(name) {
  return Boolean(seen.status) && seen.status.parts.some(part => part.part === name && part.answer === "up");
}

function takeGone(told) {
  health("bad", "no central");
  $("main").classList.add("stale");
  $("draw-title").textContent = "–";
  $("draw-phase").textContent = "no central";
  $("draw-note").textContent = told.reason || "It has not been heard yet.";
}

function takePiece(piece) {
  const history = seen.history;
  if (!history) return;
  for (; history.ends < piece.piece; history.ends++) {
    history.rates.push(null); history.rates.shift();
    history.bets.push(null); history.bets.shift();
  }
  if (piece.rate !== null) {
    history.rates[history.rates.length - 1] = piece.rate;
    history.bets[history.bets.length - 1] = piece.bets; // null while nothing is on sale
  }
  drawPlot();
}

function takeAgencies(told) {
  seen.draw = told.draw;
  for (const agency of told.agencies) seen.agencies.set(agency.agency, agency);
  if (!seen.other) drawAgencies();
}

// ---- The draw -----------------------------------------------------------------------

// The one that the central puts first: on sale, else closed, else drawn.
function currentDraw() {
  const draws = seen.status ? seen.status.draws : [];
  return draws.find(draw => draw.name === seen.draw && draw.phase !== "planned") || draws[0] || null;
}

function drawHero(draw) {
  if (!draw) {
    text("draw-phase", "no draw"); text("draw-title", "Nothing is on sale");
    for (const id of ["bets", "rate", "batches", "cancelled"]) text(id, "–");
    show("draw-balls", false); show("draw-timer", false); show("draw-notes", false); text("draw-note", ""); text("roll-note", "");
    return;
  }
  const phase = $("draw-phase");
  phase.className = "eyebrow" + (draw.phase === "void" ? " void" : draw.phase === "open" ? "" : " over");
  phase.textContent = { open: "on sale", closed: "closed, not drawn yet", sealed: "sealed, pending", drawn: "drawn", void: "void", planned: "planned" }[draw.phase] || "draw";
  if (draw.demo) phase.textContent += ", demo";
  text("draw-title", draw.name);
  document.title = draw.name + " – Lotería";
  drawBalls($("draw-balls"), draw);
  text("bets", count(valid(draw)));
  text("rate", rate(draw.bets_per_s));
  text("batches", count(draw.batches));
  text("cancelled", count(draw.cancelled));
  drawRoll(draw);
  drawTimer();
}

function drawBalls(place, draw, small) {
  const digits = draw.number === null || draw.number === undefined ? ""
    : String(draw.number).padStart(draw.highest ? String(draw.highest).length : 4, "0");
  place.hidden = digits === "";
  if (place.dataset.digits === digits) return;
  place.dataset.digits = digits;
  place.setAttribute("aria-label", "number " + digits);
  place.replaceChildren(...[...digits].map(digit => make("span", small ? "ball small" : "ball", digit)));
}

function drawRoll(draw) {
  const asked = draw.ready - draw.served, share = n => (draw.agencies ? Math.max(0, n) / draw.agencies * 100 : 0) + "%";
  $("roll-served").style.width = share(draw.served);
  $("roll-ready").style.width = share(asked);
  $("roll-excused").style.width = share(draw.excused);
  const parts = [count(draw.agencies) + (draw.agencies === 1 ? " agency" : " agencies")];
  if (draw.ready) parts.push(count(draw.ready) + (draw.source === "provable" ? " committed" : " asked for the results"));
  if (draw.excused) parts.push(count(draw.excused) + " excused");
  if (draw.served) parts.push(count(draw.served) + " have their winners");
  if (draw.missing) parts.push(count(draw.missing) + (draw.phase === "open" ? " still selling" : " missing"));
  text("roll-note", parts.join(" · "));
  $("roll").setAttribute("aria-label", parts.join(", "));
}

// Each second, and with each status.
function drawTimer() {
  const draw = currentDraw();
  if (!draw) return;
  const now = Date.now() + seen.skew, closes = draw.closes ? Date.parse(draw.closes) : null;
  const counts = draw.phase === "open" && closes !== null;
  show("draw-timer", counts);
  if (counts) {
    const left = Math.max(0, closes - now);
    text("draw-timer", duration(left));
    $("draw-timer").classList.toggle("soon", left < 10 * 60000);
  }
  text("draw-note", noteOf(draw, closes));
  drawLink($("draw-notes"), draw);
}

// To the notes of a provable draw.
function drawLink(link, draw) {
  const shows = draw.source === "provable" && draw.phase !== "planned";
  link.hidden = !shows;
  if (shows) link.href = "/notes.html?draw=" + encodeURIComponent(draw.name);
}

function noteOf(draw, closes) {
  if (draw.phase === "open")
    return (closes !== null ? "closes at " + clock(draw.closes)
      : draw.closes_by === "never" ? "closes when the operator closes it"
      : draw.closes_by === "all" ? "closes when every agency has asked" : "") + opened(draw);
  if (draw.phase === "sealed")
    return "sealed at " + clock(draw.sealed) + " · " + count(draw.revealed) + " of " + count(draw.ready) + " have revealed";
  if (draw.phase === "closed" && draw.source === "provable")
    return "closed at " + clock(draw.closed) + " · " + count(draw.ready) + " of " + count(draw.agencies) + " agencies have committed";
  if (draw.phase === "closed") return "closed at " + clock(draw.closed) + opened(draw);
  if (draw.phase === "drawn") {
    const past = seen.draws.find(other => other.name === draw.name);
    const winners = past && past.winners !== null ? " · " + count(past.winners) + (past.winners === 1 ? " winner" : " winners") : "";
    return "drawn at " + clock(draw.drawn) + winners;
  }
  if (draw.phase === "planned") return "opens at " + clock(draw.opened);
  return draw.drawn ? "void since " + clock(draw.drawn) : "";
}

function opened(draw) {
  return draw.opened ? " · on sale since " + clock(draw.opened) : "";
}

// ---- Health, parts, disk ------------------------------------------------------------

function drawHealth(status) {
  const silent = status.parts.filter(part => part.answer === "silent").map(part => part.part);
  const engine = status.engine;
  if (engine && engine.role === "standby" && !silent.includes("central"))
    health("wait", "standby" + (engine.active_at ? ", the active is at " + engine.active_at : ""));
  else if (silent.length > 0) health("bad", silent.join(", ") + (silent.length === 1 ? " does not answer" : " do not answer"));
  else if (seen.workers.length > 0 && !seen.workers.some(worker => worker.up)) health("bad", "no worker");
  else health("good", "all parts answer");
}

function health(kind, words) {
  const pill = $("health");
  if (pill.textContent !== words) pill.textContent = words;
  pill.className = "pill " + kind;
}

function drawParts(status) {
  const wanted = status.parts.filter(part => part.answer !== "absent");
  fill($("parts"), wanted.length, () => {
    const item = make("li");
    item.append(make("b"), make("span", "figures num"), make("span", "more"));
    return item;
  }, (item, i) => {
    const part = wanted[i], [name, figures, more] = item.children;
    item.className = part.answer;
    item.dataset.part = part.part;
    set(name, part.part);
    set(figures, part.answer !== "up" ? "" : [part.cpu_percent === null ? null : Math.round(part.cpu_percent) + " %",
      part.memory_bytes ? bytes(part.memory_bytes) : null].filter(Boolean).join(" · "));
    set(more, part.answer === "silent" ? part.reason || "no answer"
      : part.started ? "up for " + age(Date.now() + seen.skew - Date.parse(part.started)) : "");
  });
  const version = status.parts.map(part => part.version).find(Boolean);
  text("version", version ? "Lotería " + version : "");
}

function drawStorage(storage) {
  if (!storage) return;
  const size = storage.disk_size_bytes, free = storage.disk_free_bytes;
  $("disk-used").style.width = (size ? (size - free) / size * 100 : 0) + "%";
  $("disk").classList.toggle("low", Boolean(size) && free < size / 10);
  text("disk-note", size ? bytes(free) + " free of " + bytes(size) : "");
  const pairs = [
    ["log", bytes(storage.log_size_bytes)],
    ["to the checkpoint", bytes(storage.checkpoint_lag_bytes)],
    ["sync, half within", storage.sync_p50_s === null ? "–" : milliseconds(storage.sync_p50_s)],
    ["sync, 99 % within", storage.sync_p99_s === null ? "–" : milliseconds(storage.sync_p99_s), storage.sync_p99_s > 0.1],
    ["waiting requests", count(seen.status.broker ? seen.status.broker.queue_requests : null)],
    ["conflicts", count(storage.conflicts), storage.conflicts > 0],
    ...enginePairs(seen.status.engine),
  ];
  fill($("storage"), pairs.length, () => { const pair = make("div"); pair.append(make("dt"), make("dd", "num")); return pair; },
    (pair, i) => {
      set(pair.children[0], pairs[i][0]);
      set(pair.children[1], pairs[i][1]);
      pair.children[1].classList.toggle("bad", Boolean(pairs[i][2]));
    });
}

// What keeps the log, where that is not this machine's disk.
function enginePairs(engine) {
  if (!engine) return [];
  const alone = engine.synchronous === false || engine.standbys === 0;
  return [
    ["the log is at", [engine.engine, engine.host].filter(Boolean).join(" ") || "–"],
    ["this central", engine.role || "–"],
    ["active", engine.active_at || "–"],
    ["epoch", count(engine.epoch)],
    ["synchronous standbys", engine.synchronous === false ? "none" : engine.standbys === null ? "not told"
      : [count(engine.standbys), engine.nodes.join(", ")].filter(Boolean).join(": "), alone],
    ["entries behind", count(engine.behind), engine.behind > 0],
    ...(engine.waits_s > 0 ? [["bets wait for", engine.waits_s + " s", true]] : []),
  ];
}

// ---- Agencies -----------------------------------------------------------------------

function sortBy(column) {
  table.down = table.sort === column ? !table.down : ["bets", "rate", "cancelled"].includes(column);
  table.sort = column;
  for (const button of document.querySelectorAll("#agencies th button")) {
    const header = button.parentElement;
    if (button.dataset.sort === column) header.setAttribute("aria-sort", table.down ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  }
  drawAgencies();
}

const STATES = { selling: 0, closed: 0, ready: 1, committed: 1, revealed: 1, served: 2, excused: 3, "?": 4 };
const KEYS = {
  agency: a => a.agency, state: a => STATES[a.state] ?? 5, bets: a => a.bets, rate: a => a.bets_per_s || 0,
  cancelled: a => a.cancelled, word: a => -(lastWord(a) || 0), address: a => a.address || "",
};

function lastWord(agency) {
  return Math.max(agency.last_word ? Date.parse(agency.last_word) : 0, agency.last_batch ? Date.parse(agency.last_batch) : 0);
}

// Closed, and not asked yet: what the draw waits for.
function isMissing(agency) {
  const draw = shownDraw();
  return Boolean(draw) && ((agency.state === "closed" && draw.phase === "closed") || (agency.state === "committed" && draw.phase === "sealed"));
}

function isKept(agency) {
  const filter = $("filter").value, words = $("search").value.trim().toLowerCase();
  if (filter === "missing" && agency.state !== "selling" && agency.state !== "closed" && !isMissing(agency)) return false;
  if (filter === "away" && agency.connections !== 0) return false;
  if (["selling", "served", "excused"].includes(filter) && agency.state !== filter) return false;
  if (filter === "ready" && STATES[agency.state] !== STATES.ready) return false;
  return words === "" || String(agency.agency).startsWith(words) || (agency.address || "").toLowerCase().includes(words);
}

function drawAgencies() {
  const all = [...(seen.other ? seen.other.agencies : seen.agencies.values())], key = KEYS[table.sort], sign = table.down ? -1 : 1;
  const kept = all.filter(isKept).map(agency => [key(agency), agency]);
  kept.sort(([x, a], [y, b]) => (x < y ? -sign : x > y ? sign : a.agency - b.agency));
  table.rows = kept.map(pair => pair[1]);
  fill($("agencies").tBodies[0], table.rows.length, makeAgency, drawAgency);
  const told = answers("state"), connected = answers("broker") ? all.filter(agency => agency.connections).length : null;
  show("agencies-empty", table.rows.length === 0 && (told || all.length > 0));
  text("agencies-note", (table.rows.length === all.length ? count(told || all.length ? all.length : null) : count(table.rows.length) + " of " + count(all.length))
    + " · " + count(connected) + " connected");
}

function makeAgency() {
  const row = make("tr");
  row.append(make("td", "num"), make("td"), make("td", "num right"), make("td", "num right"), make("td", "num right roomy"),
    make("td", "num right"), make("td", "num roomy"));
  row.children[1].append(make("span", "state"));
  return row;
}

function drawAgency(row, i) {
  const agency = table.rows[i], cells = row.children, missing = isMissing(agency);
  const state = missing ? "missing" : agency.state;
  set(cells[0], String(agency.agency));
  set(cells[1].firstChild, state === "served" ? "collected" : state || "–");
  setClass(cells[1].firstChild, "state " + (state || ""));
  set(cells[2], count(agency.bets));
  set(cells[3], agency.bets_per_s ? rate(agency.bets_per_s) : "");
  set(cells[4], agency.cancelled ? count(agency.cancelled) : "");
  set(cells[5], wordOf(agency));
  set(cells[6], agency.connections ? agency.address : "");
  setClass(row, agency.connections === 0 ? "away" : "");
}

function wordOf(agency) {
  const word = lastWord(agency);
  return word ? age(Math.max(0, Date.now() + seen.skew - word)) : "";
}

function drawWords() {
  const rows = $("agencies").tBodies[0].children;
  for (let i = 0; i < table.rows.length; i++) set(rows[i].children[5], wordOf(table.rows[i]));
}

// Draws whose agencies can be looked at. The first choice is whatever the central puts first.
function drawChoice() {
  const choice = $("choose"), names = seen.draws.filter(draw => draw.phase !== "planned").map(draw => draw.name);
  const wanted = ["", ...names].join("\n");
  show("choose", names.length > 1);
  if (choice.dataset.names === wanted) return;
  const chosen = choice.value;
  choice.dataset.names = wanted;
  choice.replaceChildren(...["", ...names].map(name => {
    const option = make("option", "", name || "draw on sale");
    option.value = name;
    return option;
  }));
  choice.value = names.includes(chosen) ? chosen : "";
}

function chooseDraw() {
  const name = $("choose").value;
  seen.other = name === "" || name === seen.draw ? null : { draw: name, agencies: [] };
  drawAgencies();
  pollOther();
}

async function pollOther() {
  const other = seen.other;
  if (!other) return;
  try {
    const answer = await fetch("/api/v1/agencies?draw=" + encodeURIComponent(other.draw));
    const told = answer.ok ? (await answer.json()).agencies : [];
    if (seen.other === other) { other.agencies = told; drawAgencies(); }
  } catch (error) { /* the stream says that the connection is lost */ }
}

function shownDraw() {
  const name = seen.other ? seen.other.draw : seen.draw;
  return seen.status ? seen.status.draws.find(draw => draw.name === name) : null;
}

// ---- Workers, draws, refusals -------------------------------------------------------

function drawWorkers() {
  const workers = seen.workers, up = workers.filter(worker => worker.up).length;
  fill($("workers").tBodies[0], workers.length, () => {
    const row = make("tr");
    for (const kind of ["", "num", "num right", "num right", "num right roomy", "num right", "num right roomy", "num right roomy"])
      row.append(make("td", kind));
    const load = make("span", "load");
    load.append(make("i"));
    row.children[1].append(load, make("span"));
    return row;
  }, (row, i) => {
    const worker = workers[i], cells = row.children;
    set(cells[0], worker.worker);
    cells[1].firstChild.firstChild.style.width = (worker.credit ? worker.in_flight / worker.credit * 100 : 0) + "%";
    set(cells[1].lastChild, worker.up ? worker.in_flight + " of " + worker.credit : "away" + (worker.in_flight ? ", had " + count(worker.in_flight) : ""));
    set(cells[2], count(worker.bets));
    set(cells[3], worker.bets_per_s === null ? "" : rate(worker.bets_per_s));
    set(cells[4], count(worker.refused));
    set(cells[5], worker.cpu_percent === null ? "" : Math.round(worker.cpu_percent) + " %");
    set(cells[6], worker.memory_bytes ? bytes(worker.memory_bytes) : "");
    set(cells[7], worker.last_word ? age(Math.max(0, Date.now() + seen.skew - Date.parse(worker.last_word))) : "");
    setClass(row, worker.up ? "" : "down");
  });
  const told = answers("broker");
  show("workers-empty", told && workers.length === 0);
  const wanted = seen.status ? seen.status.workers_wanted : null;
  text("workers-note", count(told || up ? up : null) + " connected" + (wanted ? " of " + count(wanted) : ""));
}

function drawPast() {
  const past = seen.draws.filter(draw => draw.phase === "drawn" || draw.phase === "void");
  past.sort((a, b) => Date.parse(b.drawn || b.closed || 0) - Date.parse(a.drawn || a.closed || 0));
  fill($("past").tBodies[0], past.length, () => {
    const row = make("tr");
    for (const kind of ["", "", "num right", "num right", "num right roomy"]) row.append(make("td", kind));
    row.children[0].append(make("div"), make("small", "quiet num"), make("small"));
    row.children[0].lastChild.append(" ", make("a", "", "notes"));
    row.children[1].append(make("span"));
    return row;
  }, (row, i) => {
    const draw = past[i], cells = row.children;
    set(cells[0].firstChild, draw.name);
    set(cells[0].children[1], draw.drawn ? day(draw.drawn) : "");
    drawLink(cells[0].lastChild.lastChild, draw);
    drawBalls(cells[1].firstChild, draw, true);
    set(cells[2], draw.phase === "void" ? "void" : draw.winners === null ? "…" : count(draw.winners));
    set(cells[3], count(valid(draw)));
    set(cells[4], draw.phase === "void" ? "" : count(draw.served) + " of " + count(draw.agencies));
  });
  show("past-empty", past.length === 0);
  drawTimer();
}

function drawCodes(refused) {
  const codes = Object.entries(refused || {}).filter(entry => entry[1] > 0).sort((a, b) => b[1] - a[1]);
  fill($("refused-codes"), codes.length, () => make("span"), (item, i) => {
    set(item, codes[i][0] + " " + count(codes[i][1]));
    setClass(item, codes[i][0] === "CONFLICT" ? "grave" : "");
  });
  show("refused-empty", codes.length === 0 && $("refused").children.length === 0);
}

function drawRefused(list) {
  const latest = [...list].reverse();
  fill($("refused"), latest.length, () => { const item = make("li"); item.append(make("span"), make("small")); return item; },
    (item, i) => {
      const one = latest[i];
      set(item.firstChild, one.reason || one.code);
      set(item.lastChild, [clock(one.time), "agency " + one.agency, one.draw, one.code,
        one.row ? "row " + one.row : null, one.offset ? "offset " + one.offset : null].filter(Boolean).join(" · "));
    });
  if (latest.length) show("refused-empty", false);
}

// ---- The plot -----------------------------------------------------------------------

const PLOT = { left: 46, right: 52, top: 10, bottom: 24 };

function watchPlot() {
  const plot = $("plot");
  plot.addEventListener("pointermove", event => drawCross(event.clientX));
  plot.addEventListener("pointerleave", () => drawCross(null));
  new ResizeObserver(drawPlot).observe(plot);
}

function drawPlot() {
  const plot = $("plot"), history = seen.history, width = plot.clientWidth, height = plot.clientHeight;
  if (!history || !width) return;
  plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const scale = scales(history, width, height);
  const nodes = [...grid(scale, width, height, history)];
  const rates = runs(history.rates, scale.x, scale.rate);
  for (const run of rates) {
    nodes.push(svg("path", { class: "area", d: `M${run[0][0]},${scale.floor}` + run.map(p => `L${p[0]},${p[1]}`).join("") + `L${run.at(-1)[0]},${scale.floor}Z` }));
    nodes.push(svg("path", { class: "line", d: path(run) }));
  }
  for (const run of runs(history.bets, scale.x, scale.bets)) nodes.push(svg("path", { class: "sum", d: path(run) }));
  nodes.push(svg("g", { id: "cross" }));
  plot.replaceChildren(...nodes);
  plot.dataset.points = history.rates.filter(value => value !== null).length;
  const known = history.rates.filter(value => value !== null);
  text("plot-note", known.length ? "highest " + rate(Math.max(...known)) + " a second" : "");
}

function scales(history, width, height) {
  const inner = width - PLOT.left - PLOT.right, floor = height - PLOT.bottom, last = history.rates.length - 1;
  const topRate = nice(Math.max(1, ...history.rates.map(value => value || 0)));
  const topBets = nice(Math.max(1, ...history.bets.map(value => value || 0)));
  const y = top => value => round(floor - value / top * (floor - PLOT.top));
  return { x: i => round(PLOT.left + i / last * inner), rate: y(topRate), bets: y(topBets), topRate, topBets, floor, last, inner };
}

function* grid(scale, width, height, history) {
  for (let i = 0; i <= 4; i++) {
    const y = scale.rate(scale.topRate * i / 4);
    yield svg("line", { class: "grid", x1: PLOT.left, x2: width - PLOT.right, y1: y, y2: y });
    if (i % 2 === 0) {
      yield svg("text", { x: PLOT.left - 8, y: y + 4, "text-anchor": "end" }, short(scale.topRate * i / 4));
      yield svg("text", { x: width - PLOT.right + 8, y: y + 4 }, short(scale.topBets * i / 4));
    }
  }
  const now = Date.now() + seen.skew, minutes = width < 560 ? 30 : 15;
  for (let ago = 0; ago <= 60; ago += minutes) {
    const i = scale.last - ago * 60 / history.piece_s;
    if (i < -1) continue;
    yield svg("text", { x: scale.x(Math.max(0, i)), y: height - 6, "text-anchor": ago === 0 ? "end" : ago === 60 ? "start" : "middle" },
      clock(now - ago * 60000));
  }
}

// Stretches of what is known, as points.
function runs(values, x, y) {
  const found = [];
  let run = [];
  values.forEach((value, i) => {
    if (value !== null) run.push([x(i), y(value)]);
    else if (run.length) { found.push(run); run = []; }
  });
  if (run.length) found.push(run);
  return found.map(points => (points.length === 1 ? [points[0], [points[0][0] + 1, points[0][1]]] : points));
}

function path(run) {
  return "M" + run.map(point => point.join(",")).join("L");
}

function drawCross(clientX) {
  const plot = $("plot"), cross = $("cross"), history = seen.history;
  if (!cross || !history) return;
  cross.replaceChildren();
  if (clientX === null) { drawPlot(); return; }
  const box = plot.getBoundingClientRect(), scale = scales(history, box.width, box.height);
  const i = Math.round((clientX - box.left - PLOT.left) / scale.inner * scale.last);
  const value = history.rates[i];
  if (value === null || value === undefined) return;
  const x = scale.x(i), then = Date.now() + seen.skew - (scale.last - i) * history.piece_s * 1000;
  cross.append(svg("line", { class: "cross", x1: x, x2: x, y1: PLOT.top, y2: scale.floor }),
    svg("circle", { class: "dot", cx: x, cy: scale.rate(value), r: 4.5 }));
  text("plot-note", clock(then) + " · " + rate(value) + " a second" + (history.bets[i] === null ? "" : " · " + count(history.bets[i]) + " bets"));
}

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 8, 10].map(step => step * power).find(step => step >= value);
}

function round(value) {
  return Math.round(value * 10) / 10;
}

// ---- Each second --------------------------------------------------------------------

function tick() {
  text("clock", new Date(Date.now() + seen.skew).toLocaleTimeString());
  drawTimer();
  drawWords();
}

// ---- Words and numbers --------------------------------------------------------------

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// Bets that take part; null while storage does not say.
function valid(draw) {
  return draw.bets === null ? null : draw.bets - draw.cancelled;
}

function count(value) {
  return value === null || value === undefined ? "–" : whole.format(value);
}

function rate(value) {
  return value === null || value === undefined ? "–" : value > 0 && value < 10 ? value.toFixed(1) : whole.format(value);
}

function short(value) {
  return value >= 1e6 ? value / 1e6 + " M" : value >= 1e4 ? value / 1e3 + " k" : whole.format(value);
}

function bytes(value) {
  if (value === null || value === undefined) return "–";
  let unit = 0;
  for (; value >= 1000 && unit < 4; unit++) value /= 1000;
  return (value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)) + " " + ["B", "kB", "MB", "GB", "TB"][unit];
}

function milliseconds(seconds) {
  const ms = seconds * 1000;
  return (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + " ms";
}

function age(ms) {
  const s = Math.floor(ms / 1000);
  return s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " min" : s < 86400 ? Math.floor(s / 3600) + " h" : Math.floor(s / 86400) + " d";
}

function duration(ms) {
  const s = Math.ceil(ms / 1000), two = value => String(value).padStart(2, "0");
  const days = Math.floor(s / 86400);
  return (days ? days + " d " : "") + two(Math.floor(s / 3600) % 24) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}

function clock(time) {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function day(time) {
  return new Date(time).toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

// ---- The document -------------------------------------------------------------------

function make(tag, kind, words) {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  if (words !== undefined) node.textContent = words;
  return node;
}

function svg(tag, attributes, words) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (words !== undefined) node.textContent = words;
  return node;
}

// So many children, each drawn anew; those that are there are used again.
function fill(parent, size, makeOne, drawOne) {
  while (parent.children.length > size) parent.lastElementChild.remove();
  for (let i = 0; i < size; i++) {
    if (i === parent.children.length) parent.append(makeOne());
    drawOne(parent.children[i], i);
  }
}

function set(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

function text(id, words) {
  set($(id), words);
}

function show(id, visible) {
  $(id).hidden = !visible;
}
