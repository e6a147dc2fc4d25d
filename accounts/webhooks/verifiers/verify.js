// Is this webhook really from Filmgate?
//
// Node.js 18 or newer is all it takes. In a program of yours:
//   const secret = process.env.FILMGATE_WEBHOOK_SECRET;
//   const event = verify(secret, request.headers, body);
// To try it out:
//   node verify.js WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");

const TOLERANCE_SECONDS = 300;
const MIN_KEY_BYTES = 24;

// Answer it with 400, and do nothing else.
class NotVerified extends Error {}

// The event, as an object; headers by their names in lower case. The body is
// a Buffer of the bytes exactly as they came, before anything parses them.
// Throws an Error where the secret is none: anybody could sign with it.
function verify(secret, headers, body) {
  const text = (secret ?? "").replace(/^whsec_/, "");
  const key = Buffer.from(text, "base64");
  // Buffer.from() skips what is not base64, so that it would not come back.
  if (key.length < MIN_KEY_BYTES || key.toString("base64") !== text) {
    throw new Error("the secret is empty, too short or not base64");
  }
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new NotVerified("no timestamp");
  const seconds = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (seconds > TOLERANCE_SECONDS) {
    throw new NotVerified("too old, or a clock is wrong");
  }

  const hmac = crypto.createHmac("sha256", key);
  hmac.update(`${headers["webhook-id"] ?? ""}.${timestamp}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest("base64")}`);
  // Two while a secret is being replaced: one that fits is enough.
  const fits = (headers["webhook-signature"] ?? "").split(" ").map((each) => {
    const given = Buffer.from(each);
    return given.length === expected.length
      && crypto.timingSafeEqual(given, expected);
  });
  if (!fits.includes(true)) throw new NotVerified("no signature fits");
  return JSON.parse(body.toString("utf8"));
}

module.exports = { verify, NotVerified };

if (require.main === module) {
  const secret = process.env.FILMGATE_WEBHOOK_SECRET;
  const [id, timestamp, signature] = process.argv.slice(2);
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  try {
    const event = verify(secret, headers, fs.readFileSync(0));
    console.log("verified:", event.event);
  } catch (error) {
    if (!(error instanceof NotVerified)) throw error;
    console.error(`not verified: ${error.message}`);
    process.exitCode = 1;
  }
}
