// Does with node-zendesk all that that library offers for comments, tickets, uploads, audits,
// requests and users, and fails where an answer is not what the library's users would
// expect. It says which calls there are, which were made, and which were refused. It is given
// a server and its users by the environment.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zendesk from "node-zendesk";

const { ZENDESK_URL, ADMIN_EMAIL, ADMIN_KEY, CUSTOMER_EMAIL, CUSTOMER_KEY } = process.env;
const [admin, customer] = [Number(process.env.ADMIN_ID), Number(process.env.CUSTOMER_ID)];
const resources = ["tickets", "ticketaudits", "ticketevents", "attachments", "requests", "users"];
const served = new Set();
const refused = new Map();

// watched notes what becomes of the calls of a resource.
const watched = (resource, calls) => new Proxy(calls, {
  get: (target, call) => typeof target[call] !== "function" ? target[call] : async (...args) => {
    try {
      const result = await target[call](...args);
      served.add(`${resource}.${call}`);
      return result;
    } catch (e) {
      if (e.statusCode) refused.set(`${resource}.${call}`, e.statusCode);
      throw e;
    }
  },
});

function clientOf(username, token) {
  const client = zendesk.createClient({ username, token, endpointUri: ZENDESK_URL + "/api/v2", throwOriginalException: true });
  return Object.fromEntries(resources.map((r) => [r, watched(r, client[r])]));
}

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
  assert.equal((await agent.users.auth()).result.id, admin);
  assert.equal((await agent.users.show(customer)).result.role, "end-user");
  assert.equal((await agent.users.showMany([admin, customer])).result.length, 2);
  assert.deepEqual((await agent.users.search({ query: CUSTOMER_EMAIL })).map((u) => u.id), [customer]);
  const everybody = await agent.users.list();
  assert.ok(everybody.some((u) => u.id === customer) && everybody.some((u) => u.id === admin));
  assert.deepEqual((await agent.users.listWithFilter("role", "admin")).map((u) => u.id), [admin]);
}

async function people() {
  const { result: made } = await agent.users.create({ user: { name: "Gus", email: "gus@example.com" } });
  assert.deepEqual([made.name, made.role, made.active], ["Gus", "end-user", true]);
  const { result: same } = await agent.users.createOrUpdate({ user: { name: "Gus Red", email: "gus@example.com" } });
  assert.deepEqual([same.id, same.name], [made.id, "Gus Red"]);
  const { result: changed } = await agent.users.update(made.id, { user: { email: "red@example.com" } });
  assert.deepEqual([changed.name, changed.email], ["Gus Red", "red@example.com"]);
  assert.equal((await agent.users.suspend(made.id)).result.active, false);
  assert.equal((await agent.users.unsuspend(made.id)).result.active, true);
  assert.equal((await agent.users.delete(made.id)).result.active, false);
  assert.equal((await agent.users.show(made.id)).result.name, "Gus Red");
}

async function lists() {
  const first = await newTicket();
  const second = await newTicket();
  await agent.tickets.update(second, { ticket: { status: "solved" } });
  const ids = (await agent.tickets.list()).map((t) => t.id);
  assert.ok(ids.includes(first) && ids.includes(second));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok((await agent.tickets.listByUserRequested(customer)).some((t) => t.id === first));
  assert.deepEqual(await agent.tickets.listByUserRequested(admin), []);
  assert.deepEqual(await agent.tickets.listWithFilter("external_id", "x"), []);
  const of = (requests) => [requests.some((r) => r.id === first), requests.some((r) => r.id === second)];
  assert.deepEqual(of(await enduser.requests.list()), [true, true]);
  assert.deepEqual(of(await enduser.requests.list({ status: "solved,closed" })), [false, true]);
  assert.deepEqual(of(await enduser.requests.listOpen()), [true, false]);
  assert.deepEqual(of(await enduser.requests.listSolved()), [false, true]);
  assert.deepEqual(of(await agent.requests.listByUser(customer)), [true, true]);
  assert.equal((await enduser.requests.getRequest(first)).result.subject, "The printer is on fire");
}

async function events() {
  // All of it happened in the last minute, which is not exported yet.
  assert.deepEqual(await agent.ticketevents.incremental(1), []);
  assert.deepEqual(await agent.ticketevents.incrementalInclude(1, "comment_events"), []);
}

// What is not served is refused, and nothing else is.
async function others() {
  const ticket = await newTicket();
  const since = 1;
  for (const [resource, call, ...args] of [
    ["tickets", "listAssigned", admin], ["tickets", "listByOrganization", 1], ["tickets", "listByUserCCD", customer], ["tickets", "listRecent"],
    ["tickets", "listCollaborators", ticket], ["tickets", "listIncidents", ticket], ["tickets", "listMetrics", ticket],
    ["tickets", "createMany", { tickets: [] }], ["tickets", "updateMany", [ticket], { ticket: {} }], ["tickets", "delete", ticket], ["tickets", "deleteMany", [ticket]],
    ["tickets", "merge", ticket, { ids: [ticket] }], ["tickets", "export", since], ["tickets", "exportSample", since], ["tickets", "incremental", since],
    ["tickets", "incrementalInclude", since, "users"], ["tickets", "incrementalSample", since], ["tickets", "addTags", ticket, ["fire"]],
    ["tickets", "updateTags", ticket, ["fire"]],
    ["ticketevents", "incrementalSample", since],
    ["attachments", "updateAttachmentForMalware", 1, true],
    ["requests", "listCCD"], ["requests", "listByOrganization", 1], ["requests", "search", { query: "fire" }],
    ["users", "listByGroup", 1], ["users", "listByOrganization", 1], ["users", "createMany", { users: [] }], ["users", "createOrUpdateMany", { users: [] }],
    ["users", "updateMany", [customer], { user: {} }], ["users", "destroyMany", [customer], {}], ["users", "merge", customer, admin],
    ["users", "password", customer, "a", "b"], ["users", "incremental", since], ["users", "incrementalInclude", since, "groups"], ["users", "incrementalSample", since],
    ["users", "listTags", customer], ["users", "setTags", customer, {}], ["users", "addTags", customer, {}], ["users", "removeTags", customer, {}],
  ]) {
    await assert.rejects(agent[resource][call](...args), (e) => e.statusCode === 404 || e.statusCode === 400, `${resource}.${call}`);
  }
}

for (const step of [comments, pages, requests, uploads, audits, users, people, lists, events, others]) {
  try {
    await step();
  } catch (cause) {
    throw new Error(step.name, { cause });
  }
}
const client = zendesk.createClient({ username: ADMIN_EMAIL, token: ADMIN_KEY, endpointUri: ZENDESK_URL });
for (const resource of resources) {
  for (const call of Object.getOwnPropertyNames(Object.getPrototypeOf(client[resource]))) {
    if (call !== "constructor") console.log("offers", `${resource}.${call}`);
  }
}
for (const call of served) console.log("served", call);
for (const [call, status] of refused) if (!served.has(call)) console.log("refused", call, status);
