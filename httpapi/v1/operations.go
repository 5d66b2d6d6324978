package v1

import (
	"net/http"

	"github.com/commentd/commentd/httpapi/auth"
)

// An operation is one thing that this API can do. What is served and what the
// OpenAPI document says are both made from operations, so neither can know one
// that the other does not.
type operation struct {
	id      string // operationId
	method  string
	path    string // as chi and OpenAPI both write it; parameters are UUIDs, and {id} may be a number
	tag     string
	summary string
	doc     string
	scope   auth.Scope // that the key must have; 0: no key is asked for
	query   []parameter
	headers []parameter // of the request
	body    any         // a value of the type that the body is decoded into; nil: no JSON
	takes   string      // the media type of a body that is no JSON
	gives   string      // the media type of an answer that is no JSON
	answers []answer
	lines   any   // a value of what a line is, where the first answer can also be had line by line; nil: it cannot
	events  any   // a value of what the data of an event is, where the first answer never ends; nil: it does
	refuses []int // statuses of problems, beyond those of every operation
	serve   func(*API, http.ResponseWriter, *http.Request) error
}

// An answer is what an operation says when it does not refuse.
type answer struct {
	status  int
	doc     string
	body    any      // a value of the type of the body; nil: no body
	headers []string // names of responseHeaders; with a "?" after it: not always there
}

const (
	ticketPath   = "/v1/tickets/{ticket_id}"
	commentsPath = ticketPath + "/comments"
	commentPath  = commentsPath + "/{comment_id}"
	chatsPath    = ticketPath + "/chats"
	chatPath     = chatsPath + "/{chat_id}"
	userPath     = "/v1/users/{user_id}"
	logPath      = "/v1/log"
	webhooksPath = "/v1/webhooks"
	webhookPath  = webhooksPath + "/{webhook_id}"
)

// operations is the table of everything under /v1.
var operations = []operation{
	{
		id: "listComments", method: http.MethodGet, path: commentsPath, tag: "comments", scope: auth.CommentsRead,
		summary: "List the comments of a ticket",
		doc: "In order of creation. Without limit the answer is every comment that the caller may see, streamed. " +
			"Pages are linked by the Link header; cursors are opaque and stay good. Unknown parameters are ignored. " +
			"With as_of the answer is what the comments were, as far as the caller may see it today: without an ETag, and not to be stored.",
		query: listQueryParameters, headers: []parameter{ifNoneMatchHeader},
		answers: []answer{
			{200, "The comments that the caller may see.", []Comment{}, []string{"ETag?", "Cache-Control", "Link", "X-Total-Count"}},
			{304, "Nothing has changed since the caller got the ETag.", nil, []string{"ETag", "Cache-Control"}},
		},
		refuses: []int{404},
		serve:   (*API).listComments,
	},
	{
		id: "createComment", method: http.MethodPost, path: commentsPath, tag: "comments", scope: auth.CommentsWrite,
		summary: "Add a comment to a ticket",
		doc: "The author is whom the key stands for. A key with the scope comments:act_as may name another one; " +
			"a person not heard of before is introduced by that.",
		headers: []parameter{idempotencyKeyHeader}, body: NewComment{},
		answers: []answer{
			{201, "The comment.", Comment{}, []string{"ETag", "Cache-Control", "Location", "Idempotent-Replayed"}},
		},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).createComment),
	},
	{
		id: "getComment", method: http.MethodGet, path: commentPath, tag: "comments", scope: auth.CommentsRead,
		summary: "Get a comment", headers: []parameter{ifNoneMatchHeader},
		answers: []answer{
			{200, "The comment.", Comment{}, []string{"ETag", "Cache-Control"}},
			{304, "The comment has not changed since the caller got the ETag.", nil, []string{"ETag", "Cache-Control"}},
		},
		refuses: []int{404},
		serve:   within((*API).getComment),
	},
	{
		id: "updateComment", method: http.MethodPatch, path: commentPath, tag: "comments", scope: auth.CommentsWrite,
		summary: "Change the text or the visibility of a comment",
		doc:     "Allowed to the author and to administrators. What is absent stays; a change to what is already so changes nothing.",
		headers: []parameter{ifMatchHeader}, body: CommentChange{},
		answers: []answer{{200, "The comment as it is now.", Comment{}, []string{"ETag", "Cache-Control"}}},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).updateComment),
	},
	{
		id: "deleteComment", method: http.MethodDelete, path: commentPath, tag: "comments", scope: auth.CommentsDelete,
		summary: "Delete a comment",
		doc:     "Allowed to the author and to administrators. The comment is gone from every list and answer at once.",
		headers: []parameter{ifMatchHeader},
		answers: []answer{{204, "The comment is gone.", nil, nil}},
		refuses: []int{404, 409},
		serve:   within((*API).deleteComment),
	},
	{
		id: "makeCommentPrivate", method: http.MethodPost, path: commentPath + "/make_private", tag: "comments", scope: auth.CommentsRedact,
		summary: "Turn a comment into an internal note",
		doc:     "Whoever wrote it. What is one already stays as it is.",
		headers: []parameter{ifMatchHeader},
		answers: []answer{{200, "The comment as it is now.", Comment{}, []string{"ETag", "Cache-Control"}}},
		refuses: []int{404, 409},
		serve:   within((*API).makePrivate),
	},
	{
		id: "redactComment", method: http.MethodPost, path: commentPath + "/redactions", tag: "comments", scope: auth.CommentsRedact,
		summary: "Hide something in a comment for good",
		doc: "In every version that the comment ever had: from here on nobody gets to read it, and the keys that could open " +
			"what still lies on disks are destroyed soon after. Works on closed tickets, not under legal hold. " +
			"There is no way back.",
		headers: []parameter{ifMatchHeader}, body: NewRedaction{},
		answers: []answer{
			{200, "There was nothing to change.", Redaction{}, []string{"ETag", "Cache-Control"}},
			{201, "It is hidden.", Redaction{}, []string{"ETag", "Cache-Control", "Location"}},
		},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).redactComment),
	},
	{
		id: "getRedaction", method: http.MethodGet, path: commentPath + "/redactions/{event_id}", tag: "comments", scope: auth.CommentsRedact,
		summary: "Follow a redaction until the keys are destroyed",
		answers: []answer{{200, "The receipt.", Receipt{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getRedaction),
	},
	{
		id: "createEmail", method: http.MethodPost, path: ticketPath + "/emails", tag: "comments", scope: auth.CommentsActAs,
		summary: "Make a comment of an e-mail",
		doc: "For the program that receives e-mails. The author is the user with the sender's address; a sender not heard of before is " +
			"introduced as a customer. The text is the HTML of the e-mail, or else its plain text; quoted replies stay. Images and attachments become files of the " +
			"comment. The e-mail itself is kept as it came, at most 25 MiB of it. What is malformed is kept and read as far as it can be. " +
			"An e-mail with a Message-ID becomes one comment, however often it comes.",
		takes:   emailType,
		answers: []answer{{201, "The comment.", Comment{}, []string{"ETag", "Cache-Control", "Location", "Idempotent-Replayed"}}},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).createEmail),
	},
	{
		id: "getOriginal", method: http.MethodGet, path: commentPath + "/original", tag: "history", scope: auth.AuditRead,
		summary: "Get the e-mail that a comment came from",
		doc:     "As it came; after a redaction, made anew of its headers and texts as the redaction has left them.",
		gives:   emailType,
		answers: []answer{{200, "The e-mail.", nil, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   (*API).getOriginal,
	},
	{
		id: "listVersions", method: http.MethodGet, path: commentPath + "/versions", tag: "history", scope: auth.AuditRead,
		summary: "List the versions of a comment",
		doc: "Every text that the comment was given, oldest first, also of one that was deleted since. What was redacted " +
			"is masked in all of them; of what was erased nothing is left but who wrote it, and when.",
		answers: []answer{{200, "The versions.", []CommentVersion{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   (*API).listVersions,
	},
	{
		id: "startChat", method: http.MethodPost, path: chatsPath, tag: "chats", scope: auth.CommentsActAs,
		summary: "Begin a chat on a ticket",
		doc: "For programs that relay a conversation of a visitor with the helpdesk while it goes on. What is said in it is " +
			"no comment: it shows in the audits of the ticket, and where the chat is asked for.",
		headers: []parameter{idempotencyKeyHeader}, body: NewChat{},
		answers: []answer{{201, "The chat.", ChatState{}, []string{"Cache-Control", "Location", "Idempotent-Replayed"}}},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).startChat),
	},
	{
		id: "addChatMessages", method: http.MethodPost, path: chatPath + "/messages", tag: "chats", scope: auth.CommentsActAs,
		summary: "Add to a chat what was said in it",
		doc:     "One message or several, in order: each gets the next index. All of a request are added, or none.",
		headers: []parameter{idempotencyKeyHeader}, body: NewChatEntries{},
		answers: []answer{{201, "The chat as it is now.", ChatState{}, []string{"Cache-Control", "Idempotent-Replayed"}}},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).addChatMessages),
	},
	{
		id: "addChatFiles", method: http.MethodPost, path: chatPath + "/files", tag: "chats", scope: auth.CommentsActAs,
		summary: "Add to a chat files that were sent in it",
		doc:     "An entry for each file of an upload, in order: each gets the next index. All of them are added, or none: then the upload stays as it is.",
		headers: []parameter{idempotencyKeyHeader}, body: NewChatFiles{},
		answers: []answer{{201, "The chat as it is now.", ChatState{}, []string{"Cache-Control", "Idempotent-Replayed"}}},
		refuses: []int{404, 408, 409, 413, 415, 422},
		serve:   within((*API).addChatFiles),
	},
	{
		id: "endChat", method: http.MethodPost, path: chatPath + "/end", tag: "chats", scope: auth.CommentsActAs,
		summary: "End a chat",
		doc:     "Nothing can be added to it any more, and from now on it can be redacted. On a closed ticket, too. What has ended stays so.",
		answers: []answer{{200, "The chat as it is now.", ChatState{}, []string{"Cache-Control"}}},
		refuses: []int{404, 409},
		serve:   within((*API).endChat),
	},
	{
		id: "getChat", method: http.MethodGet, path: chatPath, tag: "chats", scope: auth.CommentsRead,
		summary: "Get a chat and what was said in it",
		doc:     "As redactions have left it. Customers get the chats in which they were the visitor.",
		answers: []answer{{200, "The chat.", Chat{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getChat),
	},
	{
		id: "listEvents", method: http.MethodGet, path: ticketPath + "/events", tag: "history", scope: auth.AuditRead,
		summary: "List what happened on a ticket",
		doc: "Who did what, when, and what it changed; texts as redactions have left them. Without limit the answer is " +
			"every event up to now, streamed; on request, one per line.",
		query:   eventQueryParameters,
		answers: []answer{{200, "The events, in order.", []Event{}, []string{"Cache-Control", "Link", "X-Total-Count", "Vary"}}},
		lines:   Event{},
		refuses: []int{404},
		serve:   (*API).listEvents,
	},
	{
		id: "followEvents", method: http.MethodGet, path: "/v1/events", tag: "events", scope: auth.CommentsRead,
		summary: "Follow what happens",
		doc: "Server-sent events, as they happen and in order, until the caller goes: what the caller may know of, and what it may " +
			"read of it today. A connection that breaks is taken up again with Last-Event-ID, without a gap or a repetition, " +
			"on whatever instance. A comment that becomes an internal note, or is deleted, is told of by its ids alone to those who may not see it any more. " +
			"While nothing happens a line with a colon comes every 15 seconds.",
		query: liveQueryParameters, headers: []parameter{lastEventIDHeader},
		answers: []answer{{200, "The events.", nil, []string{"Cache-Control"}}},
		events:  LiveEvent{},
		refuses: []int{404, 409},
		serve:   (*API).followEvents,
	},
	{
		id: "listWebhooks", method: http.MethodGet, path: webhooksPath, tag: "webhooks", scope: auth.Admin,
		summary: "List the webhooks of the account",
		answers: []answer{{200, "The webhooks, oldest first.", []Webhook{}, []string{"Cache-Control"}}},
		serve:   within((*API).listWebhooks),
	},
	{
		id: "createWebhook", method: http.MethodPost, path: webhooksPath, tag: "webhooks", scope: auth.Admin,
		summary: "Have events sent to a URL",
		doc: "What happens from here on is sent in POST requests that are signed as in Standard Webhooks: webhook-id is the id of " +
			"the event, and the same whenever it is sent again. An answer of 2xx within 15 seconds takes an event; 410 disables the webhook.",
		body:    NewWebhook{},
		answers: []answer{{201, "The webhook, with the secret that signs.", WebhookWithSecret{}, []string{"Cache-Control", "Location"}}},
		refuses: []int{408, 413, 415, 422},
		serve:   within((*API).createWebhook),
	},
	{
		id: "getWebhook", method: http.MethodGet, path: webhookPath, tag: "webhooks", scope: auth.Admin,
		summary: "Get a webhook",
		answers: []answer{{200, "The webhook.", Webhook{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getWebhook),
	},
	{
		id: "updateWebhook", method: http.MethodPatch, path: webhookPath, tag: "webhooks", scope: auth.Admin,
		summary: "Change a webhook",
		doc:     "What is absent stays. One that is enabled again goes on where it was: nothing is lost.",
		body:    WebhookChange{},
		answers: []answer{{200, "The webhook as it is now.", Webhook{}, []string{"Cache-Control"}}},
		refuses: []int{404, 408, 413, 415, 422},
		serve:   within((*API).updateWebhook),
	},
	{
		id: "deleteWebhook", method: http.MethodDelete, path: webhookPath, tag: "webhooks", scope: auth.Admin,
		summary: "Delete a webhook",
		answers: []answer{{204, "The webhook is gone.", nil, nil}},
		refuses: []int{404},
		serve:   within((*API).deleteWebhook),
	},
	{
		id: "rotateWebhookSecret", method: http.MethodPost, path: webhookPath + "/rotate_secret", tag: "webhooks", scope: auth.Admin,
		summary: "Give a webhook another secret",
		doc:     "For 24 hours the one before signs, too. Those before it do not: to be rid of a secret at once, do this twice.",
		answers: []answer{{200, "The webhook, with the new secret.", WebhookWithSecret{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).rotateWebhookSecret),
	},
	{
		id: "testWebhook", method: http.MethodPost, path: webhookPath + "/test", tag: "webhooks", scope: auth.Admin,
		summary: "Send an event that says nothing",
		doc:     "Of the type commentd.webhook.test, within a second or two. What becomes of it is among the attempts. While one waits, another one is not made.",
		answers: []answer{{202, "The test that is to be sent.", WebhookTest{}, []string{"Cache-Control"}}},
		refuses: []int{404, 409},
		serve:   within((*API).testWebhook),
	},
	{
		id: "replayWebhook", method: http.MethodPost, path: webhookPath + "/replay", tag: "webhooks", scope: auth.Admin,
		summary: "Send events again",
		doc:     "From the beginning, an attempt or a time on, whether they were delivered or not; or those that were given up in the last two weeks.",
		body:    WebhookReplay{},
		answers: []answer{{202, "The webhook.", Webhook{}, []string{"Cache-Control"}}},
		refuses: []int{404, 408, 413, 415, 422},
		serve:   within((*API).replayWebhook),
	},
	{
		id: "listWebhookAttempts", method: http.MethodGet, path: webhookPath + "/attempts", tag: "webhooks", scope: auth.Admin,
		summary: "List what was sent, and what became of it",
		doc:     "Newest first. Kept are the last 10,000 attempts, for two weeks; of answers nothing but the status.",
		query:   attemptQueryParameters,
		answers: []answer{{200, "The attempts.", []WebhookAttempt{}, []string{"Cache-Control", "Link"}}},
		refuses: []int{404},
		serve:   within((*API).listWebhookAttempts),
	},
	{
		id: "getTicket", method: http.MethodGet, path: ticketPath, tag: "tickets", scope: auth.CommentsRead,
		summary: "Get what is known of a ticket",
		answers: []answer{{200, "The ticket.", Ticket{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getTicket),
	},
	{
		id: "putTicket", method: http.MethodPut, path: ticketPath, tag: "tickets", scope: auth.TicketsWrite,
		summary: "Introduce or change a ticket",
		doc:     "What is absent stays as it is, null clears. A closed ticket does not change any more, but for its legal hold.",
		body:    TicketChange{},
		answers: []answer{
			{200, "The ticket as it is now.", Ticket{}, []string{"Cache-Control"}},
			{201, "The ticket was not known before.", Ticket{}, []string{"Cache-Control", "Location"}},
		},
		refuses: []int{408, 409, 413, 415, 422},
		serve:   within((*API).putTicket),
	},
	{
		id: "getUser", method: http.MethodGet, path: userPath, tag: "users", scope: auth.CommentsRead,
		summary: "Get what is known of a person or a program",
		doc:     "Customers see only themselves.",
		answers: []answer{{200, "The user.", User{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getUser),
	},
	{
		id: "putUser", method: http.MethodPut, path: userPath, tag: "users", scope: auth.TicketsWrite,
		summary: "Introduce or change a person or a program",
		doc: "What is absent stays as it is, null clears. Agents and administrators, and the role of anybody, " +
			"can be put with the scope admin only.",
		body: UserChange{},
		answers: []answer{
			{200, "The user as it is now.", User{}, []string{"Cache-Control"}},
			{201, "The user was not known before.", User{}, []string{"Cache-Control", "Location"}},
		},
		refuses: []int{408, 413, 415, 422},
		serve:   within((*API).putUser),
	},
	{
		id: "getName", method: http.MethodGet, path: "/v1/ids/{id}", tag: "meta", scope: auth.CommentsRead,
		summary: "Find out the other name of a ticket, a comment or a user",
		doc: "By UUID or by number: what this API and the Zendesk-compatible one call the same thing. What the caller may not read is not there. " +
			"If clients have given one UUID to a ticket and to a user, the ticket is the answer.",
		answers: []answer{{200, "Both names.", Name{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getName),
	},
	{
		id: "getTreeHead", method: http.MethodGet, path: logPath + "/tree_head", tag: "log", scope: auth.AuditRead,
		summary: "Get the last signed head of the log",
		doc: "The log of all accounts is a Merkle tree. Whoever keeps a head can later be shown that the log goes on from it. " +
			"A new one is signed at least every second while anything is written.",
		answers: []answer{{200, "The head.", TreeHead{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getTreeHead),
	},
	{
		id: "getInclusionProof", method: http.MethodGet, path: logPath + "/proof/inclusion", tag: "log", scope: auth.AuditRead,
		summary: "Prove that an event is in the log",
		doc:     "An event of the caller's account. It can be proved as soon as a head covers it, which takes a second.",
		query:   inclusionParameters,
		answers: []answer{{200, "The proof.", InclusionProof{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getInclusionProof),
	},
	{
		id: "getConsistencyProof", method: http.MethodGet, path: logPath + "/proof/consistency", tag: "log", scope: auth.AuditRead,
		summary: "Prove that the log begins with an earlier one",
		query:   consistencyParameters,
		answers: []answer{{200, "The proof.", ConsistencyProof{}, []string{"Cache-Control"}}},
		refuses: []int{404},
		serve:   within((*API).getConsistencyProof),
	},
	{
		id: "getOpenAPI", method: http.MethodGet, path: "/v1/openapi.json", tag: "meta",
		summary: "Get this document", headers: []parameter{ifNoneMatchHeader},
		answers: []answer{
			{200, "An OpenAPI 3.1 document.", map[string]any{}, []string{"ETag", "Cache-Control"}},
			{304, "The document is the one that the caller has.", nil, []string{"ETag", "Cache-Control"}},
		},
		serve: (*API).getOpenAPI,
	},
}
