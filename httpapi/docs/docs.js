// Reads the OpenAPI document aloud, so to speak. Everything is put on the page as
// text, never as markup.
"use strict";

function element(name, props, ...children) {
  const e = document.createElement(name);
  Object.assign(e, props);
  e.append(...children.filter((c) => c !== undefined && c !== ""));
  return e;
}

function table(head, rows) {
  if (rows.length === 0) return "";
  const row = (cell) => (cells) => element("tr", {}, ...cells.map((c) => element(cell, {}, c ?? "")));
  return element("table", {}, element("thead", {}, row("th")(head)), element("tbody", {}, ...rows.map(row("td"))));
}

const code = (text) => element("code", {}, text);

// resolve follows a reference within the document.
function resolve(doc, schema) {
  if (!schema || !schema.$ref) return schema;
  return schema.$ref.split("/").slice(1).reduce((at, key) => at[key], doc);
}

// typeName says in a few words what values a schema allows.
function typeName(doc, schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const types = [].concat(schema.type ?? "anything");
  const words = [types.map((t) => (t === "array" ? `list of ${typeName(doc, schema.items)}` : t)).join(" or ")];
  if (schema.format) words.push(`(${schema.format})`);
  if (schema.enum) words.push("— " + schema.enum.join(", "));
  if (schema.minimum !== undefined && schema.maximum !== undefined) words.push(`from ${schema.minimum} to ${schema.maximum}`);
  return words.join(" ");
}

function members(doc, schema) {
  const object = resolve(doc, schema);
  const inner = object?.type === "array" ? resolve(doc, object.items) : object;
  if (!inner?.properties) return "";
  const rows = Object.entries(inner.properties).map(([name, s]) => [
    code(name),
    typeName(doc, s) + ((inner.required ?? []).includes(name) ? "" : ", optional"),
    s.description ?? "",
  ]);
  return table(["Member", "Type", ""], rows);
}

function parameters(doc, op) {
  const rows = (op.parameters ?? []).map((p) => [code(p.name), p.in, typeName(doc, p.schema), p.description ?? ""]);
  return rows.length ? [element("h3", {}, "Parameters"), table(["Name", "In", "Type", ""], rows)] : [];
}

function body(doc, op) {
  const content = op.requestBody?.content?.["application/json"];
  return content ? [element("h3", {}, "Body"), members(doc, content.schema)] : [];
}

function answers(doc, op) {
  const parts = [element("h3", {}, "Answers")];
  const refusals = [];
  for (const [status, answer] of Object.entries(op.responses)) {
    const content = answer.content?.["application/json"];
    if (answer.content?.["application/problem+json"]) {
      refusals.push([code(status), answer.description]);
      continue;
    }
    const headers = Object.keys(answer.headers ?? {}).join(", ");
    parts.push(element("p", {}, code(status), " ", answer.description, " ", content ? typeName(doc, content.schema) : ""));
    parts.push(element("p", { className: "note" }, "Headers: ", headers));
    if (content) parts.push(members(doc, content.schema));
  }
  parts.push(table(["Refusal", ""], refusals));
  return parts;
}

function operation(doc, method, path, op) {
  const scopes = (op.security ?? []).flatMap((s) => Object.values(s)).flat();
  return element(
    "section",
    {},
    element("h2", { id: op.operationId }, element("span", { className: "method" }, method.toUpperCase()), element("span", { className: "path" }, path)),
    element("p", {}, op.summary + ". ", op.description ?? ""),
    element("p", { className: "note" }, scopes.length ? "Scope: " + scopes.join(", ") : "No key is needed."),
    ...parameters(doc, op),
    ...body(doc, op),
    ...answers(doc, op),
  );
}

async function main() {
  const response = await fetch("v1/openapi.json");
  if (!response.ok) throw new Error(`the OpenAPI document cannot be had: ${response.status}`);
  const doc = await response.json();
  document.getElementById("about").textContent = doc.info.description;
  const list = element("ul", {});
  const main = document.getElementById("operations");
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) {
      list.append(element("li", {}, element("a", { href: "#" + op.operationId }, op.summary)));
      main.append(operation(doc, method, path, op));
    }
  }
  document.getElementById("contents").append(list);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

main().catch((err) => {
  document.getElementById("about").textContent = String(err.message);
});
