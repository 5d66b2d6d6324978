package zendesk

import (
	"strconv"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/projections/threads"
)

// exported is an audit as exports have it (contract §10). whole tells comments with all
// they say.
func (s *scene) exported(ticket int64, a *threads.Audit, whole bool) ordered {
	from := systemOf(a.Document)
	item := ordered{
		{"id", a.Number}, {"ticket_id", ticket}, {"timestamp", a.At.Unix()}, {"created_at", stamp(a.At)},
		{"updater_id", s.people.number(a.Actor.ID)}, {"via", viaName(a.Channel)},
		{"system", ordered{{"client", from.Client}, {"location", from.Location}, {"latitude", from.Latitude}, {"longitude", from.Longitude}}},
	}
	if whole {
		item = append(item, member{"metadata", metadata(a.Document, nil, a.Flags)})
	}
	children := []any{}
	for i := range a.Events {
		if child := s.child(a, &a.Events[i], whole); child != nil {
			children = append(children, child)
		}
	}
	return append(item, member{"event_type", "Audit"}, member{"child_events", children})
}

// child is an event of an audit. That a comment has become private is not told: it was
// never public, in what is exported from then on.
func (s *scene) child(a *threads.Audit, e *threads.AuditEvent, whole bool) any {
	var told ordered
	kind := ""
	switch e.Type {
	case threads.AuditComment:
		if whole {
			return exportedComment{saying: s.saying(e.Comment), Via: s.via(e.Comment), EventType: typeOf(bodyIn(e.Comment)), CreatedAt: stamp(a.At)}
		}
		return ordered{
			{"id", e.Number}, {"event_type", typeOf(bodyIn(e.Comment))}, {"comment_present", true}, {"comment_public", e.Comment.Public},
			{"via", viaName(a.Channel)}, {"via_reference_id", nil},
		}
	case threads.AuditRedaction:
		kind, told = "CommentRedactionEvent", ordered{{"comment_id", strconv.FormatInt(e.CommentNumber, 10)}} // a string, here alone
	case threads.AuditFileRedaction:
		kind, told = "AttachmentRedactionEvent", ordered{{"attachment_id", strconv.FormatInt(e.FileNumber, 10)}, {"comment_id", e.CommentNumber}} // likewise
	case threads.AuditCreate:
		kind, told = "Create", ordered{{string(e.Field), s.value(&e.Value)}}
	case threads.AuditChange:
		kind, told = "Change", ordered{{string(e.Field), s.value(&e.Value)}, {"previous_value", s.value(&e.Previous)}}
	case threads.AuditChatStarted, threads.AuditChatEnded:
		chat := s.chatEvent(e)
		if started, ok := chat.Value.(chatStarted); ok && !whole { // what was said is for those who ask for it
			chat.Value = chatEnded{started.ChatID, started.VisitorID}
		}
		kind, told = chat.Type, ordered{{"value", chat.Value}}
	default:
		return nil
	}
	told = append(ordered{{"id", e.Number}}, told...)
	return append(told, member{"event_type", kind}, member{"via", viaName(a.Channel)}, member{"via_reference_id", nil})
}

func bodyIn(c *threads.Comment) *domain.Body {
	body := bodyOf(c)
	return &body
}

// exportedComment is a comment as exports tell it whole.
type exportedComment struct {
	saying       `json:",inline"`
	Via          via    `json:"via"`
	ViaReference *int64 `json:"via_reference_id"`
	EventType    string `json:"event_type"`
	CreatedAt    stamp  `json:"created_at"`
}

// viaNames is what ways in are called for people to read.
var viaNames = map[domain.Channel]string{
	domain.ChannelAPI: "Web service", domain.ChannelEmail: "Mail", domain.ChannelWeb: "Web form", domain.ChannelRule: "Rule",
	domain.ChannelWebWidget: "Web Widget", domain.ChannelChat: "Chat", domain.ChannelVoice: "Phone call",
	domain.ChannelMobile: "Mobile", domain.ChannelMobileSDK: "Mobile SDK", domain.ChannelSMS: "Text message",
}

func viaName(channel domain.Channel) string { return viaNames[channel] }
