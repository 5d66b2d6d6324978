// Checks an AsyncAPI document with the parser of AsyncAPI itself.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const errors = diagnostics.filter((d) => d.severity === 0);
for (const e of errors) console.error(e.path.join("/"), e.message);
if (errors.length || !document) process.exit(1);
console.log(`${document.channels().all().length} channels, ${document.allMessages().all().length} messages`);
