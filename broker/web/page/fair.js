// Checks the notes of a provable draw, as docs/fairness.md has them, and a bettor's ticket. No page, no network: notes in, verdict out.
// (loteria-verify looks closer: at keys' points, at receipts of a folder, at bets.)
"use strict";

const fair = (() => {
  const HASH = "([0-9a-f]{64})", NUMBER = "(0|[1-9][0-9]{0,19})", KEY = "(\\S+)", NAME = "[A-Za-z0-9][A-Za-z0-9-]{0,39}";
  const TEXT = "([^\\u0000-\\u0020\\u007f](?:[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f])?)";
  const PRIME = (1n << 255n) - 19n;
  // The y of the points of small order, with which more than one text would fit a signature.
  const SMALL_ORDER = [0n, 1n, PRIME - 1n, 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
    0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n];
  const utf8 = new TextEncoder(), strict = new TextDecoder("utf-8", { fatal: true });

  class Fault extends Error {}

  function require(holds, what) {
    if (!holds) throw new Fault(what);
  }

  // ---- What the browser lends ---------------------------------------------------------

  // Whether it has hashes (it has none on plain http, but for this machine), and signatures.
  async function ability(subtle) {
    if (!subtle) return { hashes: false, signatures: false };
    try { // the key of RFC 8032's first test
      await subtle.importKey("raw", fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), { name: "Ed25519" }, false, ["verify"]);
      return { hashes: true, signatures: true };
    } catch (error) {
      return { hashes: true, signatures: false };
    }
  }

  function checker(subtle, able) {
    return {
      signatures: able.signatures,
      hash: async (...parts) => new Uint8Array(await subtle.digest("SHA-256", join(parts))),
      verify: async (key, signature, text) => {
        const imported = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
        return subtle.verify({ name: "Ed25519" }, imported, signature, utf8.encode(text));
      },
    };
  }

  // ---- Bytes --------------------------------------------------------------------------

  function join(parts) {
    const bytes = parts.map(part => typeof part === "string" ? utf8.encode(part) : part);
    const whole = new Uint8Array(bytes.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of bytes) { whole.set(part, at); at += part.length; }
    return whole;
  }

  function big(value, size) {
    const bytes = new Uint8Array(size);
    for (let i = size - 1, rest = BigInt(value); i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
    return bytes;
  }

  function toHex(bytes) {
    return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  }

  function fromHex(text) {
    return Uint8Array.from(text.match(/../g) || [], pair => parseInt(pair, 16));
  }

  // Base64 has one spelling here.
  function fromBase64(text, size) {
    let decoded = "";
    try { decoded = atob(text); } catch (error) { /* below */ }
    require(decoded.length === size && btoa(decoded) === text, "that is not base64 of " + size + " bytes");
    return Uint8Array.from(decoded, letter => letter.charCodeAt(0));
  }

  function number(text, bits) {
    const value = BigInt(text);
    require(value < 1n << BigInt(bits), text + " is too large");
    return value;
  }

  function named(text) { // u8 length, name
    return join([big(text.length, 1), text]);
  }

  // ---- Texts --------------------------------------------------------------------------

  // Reads a text line by line; each line has one spelling.
  class Lines {
    constructor(text) {
      require(text.endsWith("\n"), "its last line has no end");
      this.lines = text.slice(0, -1).split("\n");
      this.at = 0;
    }

    next(pattern) {
      const found = this.at < this.lines.length ? this.lines[this.at].match(new RegExp("^" + pattern + "$", "u")) : null;
      require(found, "line " + (this.at + 1) + " is not as it should be");
      this.at++;
      return found.slice(1);
    }

    starts(word) {
      return this.at < this.lines.length && this.lines[this.at].startsWith(word);
    }

    all(word, pattern) {
      const found = [];
      while (this.starts(word + " ")) found.push(this.next(pattern));
      return found;
    }

    head(kind) {
      const [central, draw] = this.next("loteria/(" + NAME + ")/(" + NAME + ")");
      this.next(kind + " v1");
      return { origin: "loteria/" + central + "/" + draw, draw };
    }

    end() {
      require(this.at === this.lines.length, "line " + (this.at + 1) + " is one too many");
    }
  }

  function ascending(rows) {
    let last = 0n;
    for (const row of rows) {
      const agency = number(row[0], 32);
      require(agency > last, "agencies do not ascend");
      last = agency;
    }
  }

  const kinds = {
    open(lines) {
      const note = lines.head("open");
      note.highest = number(lines.next("highest " + NUMBER)[0], 32);
      const closes = lines.next("closes (" + NUMBER.slice(1, -1) + "|all-asked|never)")[0];
      require(/^[an]/.test(closes) || (number(closes, 64) > 0n && BigInt(closes) < (1n << 64n) - 1n), "line 4: no such time");
      const [seconds, least] = lines.next("commits " + NUMBER + " " + NUMBER);
      number(seconds, 32);
      note.least = number(least, 64);
      [note.operator, note.commitment] = lines.next("operator " + KEY + " " + HASH);
      note.agencies = lines.all("agency", "agency " + NUMBER + " " + KEY);
      ascending(note.agencies);
      if (lines.starts("auditor ")) note.auditor = lines.next("auditor " + KEY + " " + HASH)[0];
      note.demo = lines.starts("demo");
      if (note.demo) lines.next("demo");
      require(note.least >= 1n && note.least <= BigInt(note.agencies.length), "as many agencies cannot commit");
      return note;
    },

    ready(lines) {
      const note = lines.head("ready");
      [note.of] = lines.next("open " + HASH);
      [note.agency, note.count, note.root, note.commitment] = lines.next("agency " + NUMBER + " " + NUMBER + " " + HASH + " " + HASH);
      number(note.count, 64);
      [note.salts] = lines.next("salts " + HASH);
      lines.next("box (-|" + HASH + ")");
      return note;
    },

    seal(lines) {
      const note = lines.head("seal");
      [note.of] = lines.next("open " + HASH);
      const rows = lines.all("agency", "agency " + NUMBER + " " + NUMBER + " " + HASH + " (-|[0-9a-f]{64}) " + HASH);
      ascending(rows);
      note.agencies = rows.map(([agency, count, root, commitment, salts]) => ({ agency, count: number(count, 64), root, commitment, salts }));
      number(lines.next("sealed " + NUMBER)[0], 64);
      return note;
    },

    result(lines) {
      const note = lines.head("result");
      [note.of] = lines.next("seal " + HASH);
      note.reveals = lines.all("reveal", "reveal " + NUMBER + " " + HASH + "( by auditor)?");
      [note.number] = lines.next("number " + NUMBER);
      note.winners = lines.all("winners", "winners " + NUMBER + " " + NUMBER + " " + HASH);
      return note;
    },

    void(lines) {
      const note = lines.head("void");
      [note.of] = lines.next("open " + HASH);
      [note.reason] = lines.next("reason " + TEXT);
      require(utf8.encode(note.reason).length <= 200, "its reason is too long");
      return note;
    },

    ticket(lines) {
      const note = lines.head("ticket");
      [note.of] = lines.next("open " + HASH);
      [note.seal] = lines.next("seal " + HASH);
      [note.agency, note.offset] = lines.next("bet " + NUMBER + " " + NUMBER);
      number(note.agency, 32);
      number(note.offset, 64);
      note.fields = ["first", "last", "document", "born"].map(word => lines.next(word + " " + TEXT)[0]);
      note.fields.push(lines.next("number " + NUMBER)[0]);
      number(note.fields[4], 32);
      note.stands = lines.next("state (stands|cancelled)")[0] === "stands";
      [note.salt] = lines.next("salt ([0-9a-f]{32})");
      note.path = lines.all("path", "path " + HASH).map(row => row[0]);
      return note;
    },
  };

  // A note apart: its text, taken apart itself, and its signatures.
  async function parse(does, kind, file) {
    let text = file, signatures = [];
    require(file.length <= 8 << 20, "it is too long");
    if (kind !== "ticket") {
      const end = file.indexOf("\n\n");
      require(end !== -1, "it is not signed");
      text = file.slice(0, end + 1);
      signatures = signaturesOf(file.slice(end + 2));
    }
    const lines = new Lines(text), note = kinds[kind](lines);
    lines.end();
    return Object.assign(note, { text, signatures, hash: toHex(await does.hash(text)) });
  }

  function signaturesOf(text) {
    require(/^(?:— [!-*,-~]{1,127} \S+\n){1,8}$/u.test(text), "it is not signed as a note is");
    return text.slice(0, -1).split("\n").map(line => {
      const [, name, encoded] = line.split(" "), bytes = fromBase64(encoded, 68);
      return { name, id: toHex(bytes.slice(0, 4)), signature: bytes.slice(4) };
    });
  }

  // NAME+ID+BASE64, which has to have this name.
  async function parseKey(does, written, name) {
    const found = written.match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/);
    require(found && found[1] === name, name + ": no key of this name");
    const key = fromBase64(found[3], 33), id = toHex((await does.hash(name, "\n", key)).slice(0, 4));
    const y = BigInt("0x" + toHex(key.slice(1).reverse())) & ((1n << 255n) - 1n);
    require(key[0] === 1 && id === found[2] && y < PRIME && !SMALL_ORDER.includes(y), name + ": not a key to be trusted");
    return { name, id, key: key.slice(1) };
  }

  // Lines of others are no matter; each one of these has to fit.
  async function requireSigned(does, note, key, text = note.text) {
    const own = note.signatures.filter(one => one.name === key.name && one.id === key.id);
    require(own.length > 0, "it is not signed by " + key.name);
    for (const { signature } of own) {
      require(signature[0] !== 1 || signature.slice(1, 32).some(byte => byte !== 0), "the signature by " + key.name + " is none");
      if (does.signatures) {
        let holds = false;
        try { holds = await does.verify(key.key, signature, text); } catch (error) { /* no key that it takes */ }
        require(holds, "the signature by " + key.name + " is not right");
      }
    }
  }

  // ---- Trees, the number --------------------------------------------------------------

  async function rootByPath(does, leaf, index, count, path) {
    require((count > 1n) === path.length > 0, "the path is not as long as it has to be");
    if (count === 1n) return leaf;
    const below = path.slice(0, -1), last = fromHex(path[path.length - 1]);
    let left = 1n;
    while (left * 2n < count) left *= 2n;
    return index < left ? does.hash(big(1, 1), await rootByPath(does, leaf, index, left, below), last)
      : does.hash(big(1, 1), last, await rootByPath(does, leaf, index - left, count - left, below));
  }

  async function leafOf(does, ticket) {
    const fields = ticket.fields.map(field => utf8.encode(field)).flatMap(bytes => [big(bytes.length, 2), bytes]);
    return does.hash("\0LN-BET-v1\0", named(ticket.draw), big(ticket.agency, 4), big(ticket.offset, 8), big(ticket.stands ? 0 : 1, 1),
      fromHex(ticket.salt), ...fields);
  }

  async function commitmentOf(does, draw, party, nonce) {
    return toHex(await does.hash("LN-NONCE-v1\0", named(draw), big(party, 4), fromHex(nonce)));
  }

  async function numberOf(does, seal, nonces, highest) {
    const seed = await does.hash("LN-SEED-v1\0", fromHex(seal), ...nonces.map(fromHex)), ways = highest + 1n;
    for (let attempt = 0; ; attempt++) {
      const value = BigInt("0x" + toHex((await does.hash("LN-NUM-v1\0", seed, big(0, 4), big(attempt, 4))).slice(0, 8)));
      if (value <= (1n << 64n) - 1n - (1n << 64n) % ways) return String(value % ways);
    }
  }

  // ---- Steps --------------------------------------------------------------------------

  async function checkOpen(does, draw, file) {
    const note = draw.open = await parse(does, "open", file);
    draw.keys = new Map();
    const keys = [["operator", note.operator], ...note.agencies.map(([agency, key]) => ["agency-" + agency, key])];
    if (note.auditor) keys.push(["auditor", note.auditor]);
    for (const [party, key] of keys) draw.keys.set(party, await parseKey(does, key, note.origin + "/" + party));
    await requireSigned(does, note, draw.keys.get("operator"));
    return note.agencies.length + (note.agencies.length === 1 ? " agency takes" : " agencies take") + " part; without " + note.least
      + " of them there is no seal" + (note.demo ? "; a demo: the operator made the agencies' keys, so they prove nothing against it" : "");
  }

  async function parseOf(does, draw, kind, file, of) {
    const note = await parse(does, kind, file);
    require(note.origin === draw.open.origin, "it is of another draw");
    require(note.of === of, "it is of another " + (kind === "result" ? "seal" : "open note"));
    return note;
  }

  async function checkReady(does, draw, receipt) {
    const agency = String(receipt.agency), note = await parseOf(does, draw, "ready", receipt.text, draw.open.hash);
    require(note.agency === agency && draw.keys.has("agency-" + agency), "it is of another agency");
    await requireSigned(does, note, draw.keys.get("agency-" + agency));
    await requireSigned(does, note, draw.keys.get("operator"));
    draw.receipts.set(agency, note);
  }

  async function checkSeal(does, draw, file) {
    const note = await parseOf(does, draw, "seal", file, draw.open.hash);
    await requireSigned(does, note, draw.keys.get("operator"));
    require(note.agencies.map(row => row.agency).join() === draw.open.agencies.map(row => row[0]).join(), "its agencies are not those of the open note");
    for (const row of note.agencies) {
      const receipt = draw.receipts.get(row.agency);
      require(!receipt || (BigInt(receipt.count) === row.count && receipt.root === row.root && receipt.commitment === row.commitment && receipt.salts === row.salts),
        "agency " + row.agency + " is not as its receipt says");
    }
    const committed = note.agencies.filter(row => row.commitment !== "-");
    require(BigInt(committed.length) >= draw.open.least, "only " + committed.length + " have committed");
    draw.seal = note;
    draw.rows = new Map(note.agencies.map(row => [row.agency, row]));
    draw.commitments = new Map([["0", draw.open.commitment], ...committed.map(row => [row.agency, row.commitment])]);
    return committed.length + " of " + note.agencies.length + " agencies have committed; no bet can be added, changed or dropped from here on";
  }

  // Who has signed the seal, besides the operator: only the lines that sign it come, its text is the seal's. Where the auditor stood in
  // for an agency, only the operator has.
  async function checkCountersigned(does, draw, party, text) {
    const key = draw.keys.get(party), signatures = signaturesOf(text);
    require(key, "there is no such party");
    if (draw.signed.has("auditor") && signatures.every(one => one.name === draw.keys.get("operator").name)) {
      draw.replaced.add(party);
      return;
    }
    await requireSigned(does, { signatures }, key, draw.seal.text);
    draw.signed.add(party);
  }

  async function checkResult(does, draw, file) {
    const note = await parseOf(does, draw, "result", file, draw.seal.hash);
    await requireSigned(does, note, draw.keys.get("operator"));
    require(note.reveals.map(row => row[0]).join() === [...draw.commitments.keys()].join(), "its nonces are not those of the operator and of all that committed");
    require(!draw.open.auditor || draw.signed.has("auditor"), "the auditor has not signed the seal");
    for (const [party, nonce, by] of note.reveals) {
      require(await commitmentOf(does, draw.open.draw, party, nonce) === draw.commitments.get(party), nameOf(party) + "'s nonce is not the one that was committed to");
      const signer = by ? "auditor" : "agency-" + party;
      require((party === "0" && !by) || draw.signed.has(signer), "the seal that " + (by ? "an auditor" : nameOf(party)) + " signed is not there");
    }
    const found = await numberOf(does, draw.seal.hash, note.reveals.map(row => row[1]), draw.open.highest);
    require(note.number === found, "the number is " + found + ", not " + note.number);
    require(note.winners.map(row => row[0]).join() === [...draw.rows.keys()].join(), "it has not each agency's winners");
    require(note.winners.every(([agency, count]) => number(count, 64) <= draw.rows.get(agency).count), "more have won than have bet");
    draw.result = note;
    return "the number is " + found + ": it follows from the seal and " + note.reveals.length + " nonces, each as it was committed to";
  }

  async function checkVoid(does, draw, file) {
    const note = await parseOf(does, draw, "void", file, draw.open.hash);
    await requireSigned(does, note, draw.keys.get("operator"));
    require(!draw.seal, "the draw was sealed, and cannot be called off any more");
    draw.off = note;
    return "called off before it was sealed: " + note.reason;
  }

  function nameOf(party) {
    return party === "0" ? "the operator" : "agency " + party;
  }

  // All that is there, as /api/v1/notes tells it; the first thing that does not hold ends it.
  async function check(told, subtle, able) {
    const does = checker(subtle, able), draw = { receipts: new Map(), signed: new Set(), replaced: new Set(), steps: [], holds: true, does };
    const step = async (name, take) => {
      if (!draw.holds) return;
      try {
        const text = await take();
        if (text) draw.steps.push({ name, holds: true, text });
      } catch (error) {
        draw.holds = false;
        draw.steps.push({ name, holds: false, text: error instanceof Fault ? error.message : "it cannot be checked here: " + error.message });
      }
    };
    await step("open", () => { require(told.open, "is missing"); return checkOpen(does, draw, told.open); });
    for (const receipt of told.receipts) await step("ready-" + receipt.agency, () => checkReady(does, draw, receipt));
    await step("receipts", () => draw.receipts.size > 0 && draw.receipts.size + " agencies have a receipt: what they committed to is in the operator's hand, signed by both");
    if (told.seal) await step("seal", () => checkSeal(does, draw, told.seal));
    await step("seal", () => require(draw.seal || (!told.result && !told.countersigned.length && !told.auditor), "is missing, and notes of it are there"));
    if (told.auditor) await step("seal-auditor", () => checkCountersigned(does, draw, "auditor", told.auditor));
    for (const one of told.countersigned) await step("seal-" + one.agency, () => checkCountersigned(does, draw, "agency-" + one.agency, one.text));
    await step("countersigned", () => draw.signed.size > 0 && "the seal is signed by " + draw.signed.size + " others: they were shown this one");
    if (told.result) await step("result", () => checkResult(does, draw, told.result));
    if (told.void) await step("void", () => checkVoid(does, draw, told.void));
    return draw;
  }

  // Of a draw that was checked. What it says: the bet, and whether it wins (null: nobody knows yet).
  async function checkTicket(draw, file) {
    const does = draw.does;
    try {
      require(draw.holds, "the notes themselves do not hold");
      const ticket = await parse(does, "ticket", file.replace(/\r\n/g, "\n").replace(/\s*$/, "\n"));
      require(ticket.origin === draw.open.origin && ticket.of === draw.open.hash, "it is of another draw");
      require(draw.seal, "there is no seal yet to hold it against");
      require(ticket.seal === draw.seal.hash, "it is of another seal than this one: show both, each is signed by the operator");
      const row = draw.rows.get(ticket.agency);
      require(row && BigInt(ticket.offset) < row.count, "its agency has no such bet in the seal");
      const root = await rootByPath(does, await leafOf(does, ticket), BigInt(ticket.offset), row.count, ticket.path);
      require(toHex(root) === row.root, "this bet is not in the seal at that place");
      return { holds: true, ticket, wins: draw.result ? ticket.stands && ticket.fields[4] === draw.result.number : null };
    } catch (error) {
      return { holds: false, text: error instanceof Fault ? error.message : "it cannot be checked: " + error.message };
    }
  }

  return { ability, check, checkTicket, parts: { checker, rootByPath, leafOf, commitmentOf, numberOf, toHex, fromHex } };
})();

if (typeof module !== "undefined") module.exports = fair;
