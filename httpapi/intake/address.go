package intake

import (
	"net/url"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore/vault"
)

// ContentRoot is where contents are served: beside the APIs, for no credentials are asked.
const ContentRoot = "/attachments/token/"

// Address is where the content of a file is to be had by whoever knows the address, once a
// comment has it; base is the scheme and the host.
func Address(base string, tokens *vault.FileTokens, account domain.AccountID, a domain.Attachment) string {
	return base + ContentRoot + tokens.Seal(account, a.Number) + "/?name=" + url.QueryEscape(a.Name)
}
