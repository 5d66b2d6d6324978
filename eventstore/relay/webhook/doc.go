// Package webhook sends the events of the log to endpoints that accounts have named.
//
// # Guarantees
//
// Every event that an endpoint asks for, and may know of, is sent until the endpoint
// takes it, gives up on it by the rules of its order, or is switched off. What is sent
// again bears the same webhook-id, the id of the event: who keeps the ids it has seen
// takes each event once. A process may be killed at any moment; another one goes on from
// the cursor of the endpoint, which is a position of the log. No event is copied to wait.
//
// A strict endpoint gets its events in the order of the log, one after the other, and
// one that it does not take holds up those after it. Any other gets up to eight at a
// time, and one that it does not take is tried again later, beside those after it.
//
// Rebuilding a read model sends nothing: cursors are moved by deliveries and by people.
//
// # Who may know what
//
// What is sent is decided anew at each attempt, by what may be told then: a comment that
// has been redacted meanwhile is sent as it is now, and of one that has become a note an
// endpoint for what is public hears no more than that it is gone. Neither bodies nor ids
// let such an endpoint count what it is not told.
//
// # Where requests can go
//
// URLs are typed by tenants. A Guard looks at the address of every connection when it is
// made, after all names are resolved, and lets none lead into a network that is not
// public. Redirects are not followed, answers are not read beyond a few bytes, and what
// they say is kept nowhere.
//
// # Who delivers
//
// Processes share the endpoints among them. Each endpoint is held by one at a time; what
// a process that no longer holds it has done is not recorded, and then done again.
//
// Only this package reads or writes the schema webhooks.
package webhook
