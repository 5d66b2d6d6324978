package v1

import (
	"context"
	"net/http"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/inbound"
	"github.com/commentd/commentd/httpapi/problem"
)

const maxIdempotencyKey = inbound.MaxIdempotencyKey

// idempotencyKey returns the Idempotency-Key of a request, "" if there is none.
func idempotencyKey(h http.Header) (string, error) {
	key, ok := inbound.IdempotencyKey(h)
	if !ok {
		return "", problem.New(problem.BadRequest, "Idempotency-Key must be given once, as 1 to 255 printable ASCII characters.")
	}
	return key, nil
}

// receipt returns what makes the command safe to repeat, nil without a key. Equal
// requests are those that say the same of all that counts.
func (a *API) receipt(ctx context.Context, p auth.Principal, key string, cmd *domain.CreateComment) (*eventstore.Receipt, error) {
	request := append(cmd.Ticket[:len(cmd.Ticket):len(cmd.Ticket)], byte(cmd.Author.Type))
	request = append(request, cmd.Author.ID[:]...)
	if cmd.Public {
		request = append(request, 1)
	} else {
		request = append(request, 0)
	}
	request = append(request, cmd.Text.Body...)
	return a.receiptOver(ctx, p, "v1.createComment", key, request)
}

// receiptOver returns what makes an operation safe to repeat, nil without a key. Equal
// requests are equal bytes.
func (a *API) receiptOver(ctx context.Context, p auth.Principal, operation, key string, request []byte) (*eventstore.Receipt, error) {
	if key == "" {
		return nil, nil
	}
	return a.store.Receipt(ctx, p.Account, p.UserID, operation, key, request)
}
