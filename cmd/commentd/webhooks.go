package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/relay"
	"github.com/commentd/commentd/eventstore/relay/webhook"
	v1 "github.com/commentd/commentd/httpapi/v1"
	"github.com/commentd/commentd/projections/feed"
	"github.com/commentd/commentd/projections/threads"
)

// hooking is what an operator may say of where webhooks can lead, and from where files are
// imported.
type hooking struct {
	WebhookAllowNets []string `help:"Networks that webhooks may lead into, and files be imported from, although they are not public, on any port, for instance 10.1.2.0/24." placeholder:"CIDR"`
	WebhookAllowHTTP bool     `name:"webhook-allow-http" help:"Let webhooks go out, and files be imported, without TLS."`
}

// guard returns what the flags say. The error names the variable.
func (c hooking) guard() (webhook.Guard, error) {
	g := webhook.Guard{AllowHTTP: c.WebhookAllowHTTP}
	for _, text := range c.WebhookAllowNets {
		net, err := netip.ParsePrefix(text)
		if err != nil {
			return g, errors.New("COMMENTD_WEBHOOK_ALLOW_NETS must be networks such as 10.1.2.0/24, divided by commas")
		}
		g.AllowNets = append(g.AllowNets, net.Masked())
	}
	return g, nil
}

// theMachine is what dev lets webhooks lead to: whoever tries them out has a receiver there.
var theMachine = hooking{WebhookAllowNets: []string{"127.0.0.0/8", "::1/128"}, WebhookAllowHTTP: true}

// watching is how what carries events outward meets the hub.
func watching(hub *feed.Hub) func(domain.AccountID, eventstore.Position) relay.Watcher {
	return func(account domain.AccountID, after eventstore.Position) relay.Watcher {
		return watcher{hub.Watch(account, after)}
	}
}

// watcher says in the words of relay that the log has lost its end.
type watcher struct{ *feed.Watcher }

func (w watcher) Next(ctx context.Context) ([]eventstore.Recorded, error) {
	events, err := w.Watcher.Next(ctx)
	if errors.Is(err, feed.ErrAhead) {
		err = fmt.Errorf("%w: %w", relay.ErrAhead, err)
	}
	return events, err
}

// webhooks keeps the endpoints of accounts.
func (s *service) webhooks() *webhook.Store { return webhook.NewStore(s.tools.pool, s.root, 0) }

// dispatcher delivers to them.
func (s *service) dispatcher(hub *feed.Hub, guard webhook.Guard) *webhook.Dispatcher {
	reader := threads.NewReader(s.tools.pool, s.tools.vault, 0)
	// Notes are asked for, too: whether an endpoint may be told of them is for webhook to say.
	viewer := domain.Actor{Kind: domain.ActorSystem}
	sources := webhook.Sources{
		BaseURL: string(s.PublicURL), Slug: s.slug,
		Comment: func(ctx context.Context, account domain.AccountID, ticket domain.TicketID, id domain.CommentID) (webhook.Comment, error) {
			c, err := reader.Get(ctx, account, ticket, id, viewer)
			if err != nil {
				return webhook.Comment{}, err
			}
			return v1.WebhookComment(ticket, &c), nil
		},
	}
	return webhook.New(s.webhooks(), watching(hub), sources, s.metrics, webhook.Config{Guard: guard})
}
