package directory

import (
	"time"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/retention"
)

// An Account is a tenant.
type Account struct {
	ID        domain.AccountID
	Slug      string // its name in subjects and on the command line; never changes
	Settings  Settings
	CreatedAt time.Time
	// SettingsAt is when Settings were last chosen.
	SettingsAt time.Time
	ErasedAt   *time.Time // all that was in it is erased, or about to be; nil: it is not
}

// Settings are what an account can choose. The zero value is the default.
type Settings struct {
	UnknownTickets UnknownTickets `json:"unknown_tickets"`
	Mask           domain.Mask    `json:"mask"` // in the place of what is redacted
	// DeletedRetentionDays is how long the texts of deleted comments are kept; 0: they are
	// erased at once, nil: retention.DefaultDeleted.
	DeletedRetentionDays *int `json:"deleted_retention_days"`
	// ContentRetentionDays is how old any text becomes; 0: they are kept.
	ContentRetentionDays int `json:"content_retention_days"`
	// AgentWorkspace and AgentsCanDeleteTickets are what agents need, beside a key that
	// may, to redact on the Zendesk-compatible API. nil: true.
	AgentWorkspace         *bool `json:"agent_workspace,omitzero"`
	AgentsCanDeleteTickets *bool `json:"agents_can_delete_tickets,omitzero"`
	// MaxAttachmentMB is how large a file may be, in MiB; 0: DefaultMaxAttachment.
	MaxAttachmentMB int `json:"max_attachment_mb,omitzero"`
}

// DefaultMaxAttachment is how large a file may be if the account says nothing, in MiB.
const DefaultMaxAttachment = 50

// MaxAttachment is how large a file may be, in bytes.
func (s Settings) MaxAttachment() int64 {
	if s.MaxAttachmentMB > 0 {
		return int64(s.MaxAttachmentMB) << 20
	}
	return DefaultMaxAttachment << 20
}

// HasAgentWorkspace is AgentWorkspace with its default.
func (s Settings) HasAgentWorkspace() bool { return s.AgentWorkspace == nil || *s.AgentWorkspace }

// AgentsMayDelete is AgentsCanDeleteTickets with its default.
func (s Settings) AgentsMayDelete() bool {
	return s.AgentsCanDeleteTickets == nil || *s.AgentsCanDeleteTickets
}

// Retention returns what the settings of the account say of what it keeps.
func (a Account) Retention() retention.Policy {
	p := retention.Policy{Account: a.ID, Deleted: retention.DefaultDeleted, Contents: a.Settings.ContentRetentionDays}
	if days := a.Settings.DeletedRetentionDays; days != nil {
		p.Deleted = *days
	}
	return p
}

// UnknownTickets says what becomes of a comment on a ticket that nobody has
// introduced.
type UnknownTickets string

const (
	RejectUnknownTickets UnknownTickets = "reject" // 404; the default
	OpenUnknownTickets   UnknownTickets = "open"   // an agent's or a program's first comment opens the ticket
)

const maxSlug = 40

// ValidSlug reports whether slug can name an account: 1 to 40 of a-z, 0-9 and "-".
// A slug becomes a token of NATS subjects and part of names of streams, so nothing
// in it may have a meaning there.
func ValidSlug(slug string) bool {
	if len(slug) < 1 || len(slug) > maxSlug {
		return false
	}
	for i := range len(slug) {
		if c := slug[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func (s Settings) validate() error {
	if s.UnknownTickets != RejectUnknownTickets && s.UnknownTickets != OpenUnknownTickets {
		return &InvalidError{"unknown_tickets", "must be reject or open"}
	}
	if days := s.DeletedRetentionDays; days != nil && (*days < 0 || *days > maxRetention) {
		return &InvalidError{"deleted_retention_days", "must be 0 to 36500"}
	}
	if s.MaxAttachmentMB < 0 || s.MaxAttachmentMB > maxAttachmentMB {
		return &InvalidError{"max_attachment_mb", "must be 0 to 1024"}
	}
	if s.ContentRetentionDays < 0 || s.ContentRetentionDays > maxRetention {
		return &InvalidError{"content_retention_days", "must be 0 to 36500"}
	}
	return nil
}

const (
	maxRetention    = 36_500 // days
	maxAttachmentMB = 1024
)

// withDefaults fills in what was never chosen, and replaces what only a later
// release knows: of that the default is the safe reading.
func (s Settings) withDefaults() Settings {
	if s.UnknownTickets != OpenUnknownTickets {
		s.UnknownTickets = RejectUnknownTickets
	}
	return s
}

func encodeSettings(s Settings) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

func decodeSettings(stored string) (Settings, error) {
	var s struct {
		Settings
		Mask string `json:"mask"` // in place of the one above, which refuses what it does not know
	}
	err := json.Unmarshal([]byte(stored), &s)
	if s.Settings.Mask.UnmarshalText([]byte(s.Mask)) != nil {
		s.Settings.Mask = domain.MaskFixed
	}
	return s.Settings.withDefaults(), err
}
