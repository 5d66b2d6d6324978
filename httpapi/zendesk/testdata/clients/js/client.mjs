// Does with node-zendesk what that library offers for comments, tickets, uploads, audits,
// requests and users, and fails where an answer is not what the library's users would
// expect. It is given a server and its users by the environment.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zendesk from "node-zendesk";

const { ZENDESK_URL, ADMIN_EMAIL, ADMIN_KEY, CUSTOMER_EMAIL, CUSTOMER_KEY } = process.env;
const [admin, customer] = [Number(process.env.ADMIN_ID), Number(process.env.CUSTOMER_ID)];
const clientOf = (username, token) => zendesk.createClient({ username, token, endpointUri: ZENDESK_URL + "/api/v2", throwOriginalException: true });
const agent = clientOf(ADMIN_EMAIL, ADMIN_KEY);
const enduser = clientOf(CUSTOMER_EMAIL, CUSTOMER_KEY);

async function newTicket(comment = { body: "It burns with a **green** flame." }) {
  const { result: ticket } = await agent.tickets.create({ ticket: { subject: "The printer is on fire", requester_id: customer, comment } });
  assert.equal(ticket.subject, "The printer is on fire");
  return ticket.id;
}

// The library gives the pages of a request's comments as they come.
const seenBy = async (user, request) => (await user.requests.listComments(request)).flatMap((page) => page.comments);
const comment = (ticket, comment) => agent.tickets.update(ticket, { ticket: { comment } });

async function comments() {
  const ticket = await newTicket();
  await comment(ticket, { body: "They say that every week.", public: false });
  const { result: changed } = await agent.tickets.update(ticket, { ticket: { status: "pending", comment: { html_body: "Use the <i>blue</i> extinguisher." } } });
  assert.equal(changed.status, "pending");
  const all = await agent.tickets.getComments(ticket);
  assert.deepEqual(all.map((c) => [c.plain_body, c.public, c.author_id]), [
    ["It burns with a green flame.", true, admin],
    ["They say that every week.", false, admin],
    ["Use the blue extinguisher.", true, admin],
  ]);
  const { result: shown } = await agent.tickets.show(ticket);
  assert.equal(shown.description, "It burns with a **green** flame.");
  const { result: many } = await agent.tickets.showMany([ticket, await newTicket()]);
  assert.equal(many.length, 2);
}

async function pages() {
  const ticket = await newTicket();
  for (let i = 0; i < 120; i++) await comment(ticket, { body: String(i) });
  const ids = new Set((await agent.tickets.getComments(ticket)).map((c) => c.id));
  assert.equal(ids.size, 121);
  assert.equal((await seenBy(enduser, ticket)).length, 121);
}

async function requests() {
  const ticket = await newTicket();
  await comment(ticket, { body: "Not for the customer.", public: false });
  await enduser.requests.update(ticket, { request: { comment: { body: "Hello?" } } });
  const seen = await seenBy(enduser, ticket);
  assert.deepEqual(seen.map((c) => [c.plain_body, c.author_id]), [["It burns with a green flame.", admin], ["Hello?", customer]]);
  const [{ comment: one }] = await enduser.requests.getComment(ticket, seen[1].id);
  assert.equal(one.body, "Hello?");
  const { result: opened } = await enduser.requests.create({ request: { subject: "Again", comment: { body: "It burns again." } } });
  const { result: shown } = await enduser.requests.show(opened.id);
  assert.equal(shown.subject, "Again");
  await assert.rejects(enduser.tickets.getComments(ticket), (e) => e.statusCode === 403);
}

async function uploads() {
  const folder = mkdtempSync(join(tmpdir(), "upload-"));
  const file = join(folder, "flame.bin");
  writeFileSync(file, "green\n");
  const { upload: away } = await agent.attachments.upload(file, { filename: "away.bin", binary: true });
  await agent.attachments.deleteUpload(away.token);
  const { upload } = await agent.attachments.upload(file, { filename: "flame.bin", binary: true });
  rmSync(folder, { recursive: true });
  const ticket = await newTicket({ body: "see there", uploads: [upload.token] });
  const [first] = await agent.tickets.getComments(ticket);
  const [{ id, file_name, size, content_url }] = first.attachments;
  assert.deepEqual([file_name, size], ["flame.bin", 6]);
  const { result: shown } = await agent.attachments.show(id);
  assert.equal((shown.attachment ?? shown).content_url, content_url);
  assert.equal(await (await fetch(content_url)).text(), "green\n");
  await agent.attachments.redactAttachmentComment(ticket, first.id, id);
  assert.equal((await fetch(content_url)).status, 404);
  const [redacted] = await agent.tickets.getComments(ticket);
  assert.deepEqual(redacted.attachments.map((a) => a.file_name), ["redacted.txt"]);
}

async function audits() {
  const ticket = await newTicket();
  await comment(ticket, { body: "Is it out?" });
  const all = await agent.ticketaudits.list(ticket);
  assert.equal(all.length, 2);
  assert.equal((await agent.tickets.exportAudit(ticket)).length, 2);
  const { result: one } = await agent.ticketaudits.show(ticket, all[1].id);
  assert.equal(one.events[0].body, "Is it out?");
  assert.equal((await agent.ticketaudits.count(ticket)).result.count.value, 2);
  await agent.ticketaudits.makePrivate(ticket, all[1].id);
  assert.equal((await agent.tickets.getComments(ticket))[1].public, false);
  const { result: account } = await agent.ticketaudits.listAll();
  assert.ok(account.length > 2);
}

async function users() {
  assert.equal((await agent.users.me()).result.id, admin);
  assert.equal((await agent.users.show(customer)).result.role, "end-user");
  assert.equal((await agent.users.showMany([admin, customer])).result.length, 2);
  assert.deepEqual((await agent.users.search({ query: CUSTOMER_EMAIL })).map((u) => u.id), [customer]);
}

for (const step of [comments, pages, requests, uploads, audits, users]) {
  try {
    await step();
  } catch (cause) {
    throw new Error(step.name, { cause });
  }
}
