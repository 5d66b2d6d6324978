// Package asyncapi describes the streams of commentd in NATS for programs, as an AsyncAPI 3.1
// document. It is made of what makes the messages: the types of events, and the headers that
// each stream has.
package asyncapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
)

// object is an object of JSON.
type object = map[string]any

// stream is a kind of streams.
type stream struct {
	name, title, address, doc string
	types, headers            []string
	public                    bool // bodies are relay.PublicBody
}

func streams() []stream {
	return []stream{
		{
			name: "log", title: "The log stream", address: "commentd.log.{shard}.{account}.{audience}.{entity}.{event}",
			doc:   "Every event of every account, for the operator's own programs. The sequence of a message is the position of its event in the log.",
			types: eventstore.EventTypes(), headers: relay.LogHeaders(),
		},
		{
			name: "outletAll", title: "An account's outlet for all", address: "commentd.out.{account}.all.{entity}.{event}",
			doc:   "Every event of an account, with a dense sequence of its own.",
			types: relay.AudienceAll.Types(), headers: relay.AudienceAll.Headers(),
		},
		{
			name: "outletPublic", title: "An account's public outlet", address: "commentd.out.{account}.public.{entity}.{event}",
			doc:   "What customers may know of an account, with a dense sequence of its own. Nothing in it depends on internal notes.",
			types: relay.AudiencePublic.Types(), headers: relay.AudiencePublic.Headers(), public: true,
		},
	}
}

// Document returns the document as JSON.
func Document() []byte {
	document, err := json.Marshal(describe())
	if err != nil {
		panic(fmt.Sprintf("asyncapi: the document does not encode: %v", err))
	}
	return document
}

// Handler serves the document to anybody.
func Handler() http.Handler {
	document := sync.OnceValue(Document)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(document())))
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(document()) // a caller who has gone does not mind
	})
}

func describe() object {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[domain.Flags](), reflect.TypeFor[[]int]())
	channels, operations, messages := object{}, object{}, object{}
	for _, s := range streams() {
		of := object{}
		for _, name := range s.types {
			id := s.name + "." + name
			messages[id] = s.message(name, schemas)
			of[name] = reference("components/messages/" + id)
		}
		channels[s.name] = object{"address": s.address, "title": s.title, "description": s.doc, "parameters": s.parameters(), "messages": of}
		operations["send_"+s.name] = object{"action": "send", "channel": reference("channels/" + s.name), "summary": s.title + " is filled."}
	}
	all := object{}
	for name, schema := range schemas.Map() {
		all[name] = schema
	}
	return object{
		"asyncapi": "3.1.0",
		"info": object{
			"title": "commentd in NATS", "version": "1",
			"description": "Events as CloudEvents 1.0 in binary mode: attributes are headers. Texts are never in them; ce-dataref says where whoever may read one finds it.",
		},
		"defaultContentType": "application/json",
		"channels":           channels, "operations": operations,
		"components": object{"messages": messages, "schemas": all},
	}
}

func reference(to string) object { return object{"$ref": "#/" + to} }

// parameterDocs say what stands in the braces of an address.
var parameterDocs = map[string]object{
	"shard":    {"description": "Of the log: 0."},
	"account":  {"description": "The slug of the account, of a-z, 0-9 and -."},
	"audience": {"description": "internal: customers may not know of it.", "enum": []string{"public", "internal"}},
	"entity":   {"description": "What it is about: ticket, comment, chat, content or obligation."},
	"event":    {"description": "What happened."},
}

func (s stream) parameters() object {
	parameters := object{}
	for name, doc := range parameterDocs {
		if strings.Contains(s.address, "{"+name+"}") {
			parameters[name] = doc
		}
	}
	return parameters
}

// message describes the messages of a type of events.
func (s stream) message(name string, schemas huma.Registry) object {
	blank, version := eventstore.Blank(name)
	body := reflect.TypeOf(blank)
	if s.public {
		body, version = reflect.TypeFor[relay.PublicBody](), relay.PublicSchema
	}
	return object{
		"name": name, "title": name, "contentType": "application/json",
		"headers": s.header(name, version),
		"payload": schemas.Schema(body, true, ""),
	}
}

// headerDocs are schemas of the headers, by name.
var headerDocs = map[string]object{
	"Content-Type":       {"const": "application/json"},
	"ce-specversion":     {"const": "1.0"},
	"ce-id":              {"format": "uuid", "description": "The event's id."},
	"ce-source":          {"pattern": "^/accounts/[a-z0-9-]{1,40}$"},
	"ce-type":            {},
	"ce-subject":         {"pattern": "^tickets/[0-9a-f-]{36}(/(comments|chats)/[0-9a-f-]{36})?$", "description": "The ticket, the comment or the chat."},
	"ce-time":            {"format": "date-time", "description": "When it was recorded, UTC; never before that of an earlier event. What was taken over from elsewhere has happened before."},
	"ce-dataref":         {"format": "uri-reference", "description": "Where the API has what it is about."},
	"ce-schemaversion":   {"description": "Of the body."},
	"ce-accountid":       {"pattern": "^[0-9]+$"},
	"ce-version":         {"pattern": "^[0-9]+$", "description": "The event's place among those of its ticket."},
	"ce-previnpartition": {"pattern": "^[0-9]+$", "description": "The position of the event before it in the same partition of tickets."},
	"ce-previncomment":   {"pattern": "^[0-9]+$", "description": "The version of the event before it about the same comment or chat; 0: there is none."},
	"ce-epoch":           {"pattern": "^[0-9]+$", "description": "Raised when the log has lost its end to a restore: what came last before did not happen."},
	"ce-internal":        {"enum": []string{"true", "false"}, "description": "Whether customers may not know of it."},
}

func (s stream) header(name string, version int16) object {
	properties := object{}
	for _, header := range s.headers {
		schema := object{"type": "string"}
		for key, value := range headerDocs[header] {
			schema[key] = value
		}
		switch header {
		case "ce-type":
			schema["const"] = "commentd." + name
		case "ce-schemaversion":
			schema["const"] = strconv.Itoa(int(version))
		}
		properties[header] = schema
	}
	return object{"type": "object", "properties": properties, "required": s.headers}
}
