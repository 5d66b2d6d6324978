package v1_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
	"github.com/commentd/commentd/httpapi/directory"
)

// matrix says what becomes of each operation (contract §13.3) on each object for
// each principal. Who they are is in principals; revoked had the agent's key,
// foreign is the agent of another account. This table is what is to be reviewed.
const matrix = `
operation             object     nobody revoked foreign auditor reader writer deleter agent colleague admin customer stranger system program relay redactor
createEmail           open          401     401     403     403     403     403     403     403     403     403     403     403     403     403     201     403
createEmail           closed        401     401     403     403     403     403     403     403     403     403     403     403     403     403     409     403
createEmail           unknown       401     401     403     403     403     403     403     403     403     403     403     403     403     403     404     403
createEmail           malformed     401     401     403     403     403     403     403     403     403     403     403     403     403     403     400     403
getOriginal           email         401     401     403     200     403     403     403     403     403     403     403     403     403     403     403     403
getOriginal           agents        401     401     403     404     403     403     403     403     403     403     403     403     403     403     403     403
getOriginal           absent        401     401     403     404     403     403     403     403     403     403     403     403     403     403     403     403
getOriginal           misnamed      401     401     403     400     403     403     403     403     403     403     403     403     403     403     403     403
getName               ticket            401     401     404     403     200     403     403     200     200     200     200     404     200     200     200     200
getName               ticketNumber      401     401     404     403     200     403     403     200     200     200     200     404     200     200     200     200
getName               agents            401     401     404     403     200     403     403     200     200     200     200     404     200     200     200     200
getName               agentsNumber      401     401     404     403     200     403     403     200     200     200     200     404     200     200     200     200
getName               note              401     401     404     403     200     403     403     200     200     200     404     404     200     200     200     200
getName               noteNumber        401     401     404     403     200     403     403     200     200     200     404     404     200     200     200     200
getName               deleted           401     401     404     403     404     403     403     404     404     404     404     404     404     404     404     404
getName               customer          401     401     404     403     200     403     403     200     200     200     200     404     200     200     200     200
getName               customerNumber     401     401     404     403     200     403     403     200     200     200     200     404     200     200     200     200
getName               agent             401     401     404     403     200     403     403     200     200     200     404     404     200     200     200     200
getName               agentNumber       401     401     404     403     200     403     403     200     200     200     404     404     200     200     200     200
getName               absent            401     401     404     403     404     403     403     404     404     404     404     404     404     404     404     404
getName               absentNumber      401     401     404     403     404     403     403     404     404     404     404     404     404     404     404     404
getName               malformed         401     401     400     403     400     403     403     400     400     400     400     400     400     400     400     400
listComments          open          401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
listComments          closed        401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
listComments          unknown       401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
listComments          malformed     401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
createComment         open          401     401     404     403    403    201     403   201       201   201      201      404    201     201   201     403
createComment         closed        401     401     404     403    403    409     403   409       409   409      409      404    409     409   409     403
createComment         unknown       401     401     404     403    403    404     403   404       404   404      404      404    404     404   404     403
createComment         malformed     401     401     400     403    403    400     403   400       400   400      400      400    400     400   400     403
createNote            open          401     401     404     403    403    201     403   201       201   201      403      404    201     201   201     403
createNote            closed        401     401     404     403    403    409     403   409       409   409      409      404    409     409   409     403
getComment            agents        401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getComment            customers     401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getComment            systems       401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getComment            note          401     401     404     403    200    403     403   200       200   200      404      404    200     200   200     200
getComment            hidden        401     401     404     403    200    403     403   200       200   200      404      404    200     200   200     200
getComment            shut          401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getComment            deleted       401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getComment            absent        401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getComment            elsewhere     401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getComment            misnamed      401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
updateComment         agents        401     401     404     403    403    403     403   200       403   200      403      404    403     403   200     403
updateComment         customers     401     401     404     403    403    403     403   403       403   200      200      404    403     403   200     403
updateComment         systems       401     401     404     403    403    403     403   403       403   200      403      404    403     403   403     403
updateComment         note          401     401     404     403    403    403     403   200       403   200      404      404    403     403   200     403
updateComment         hidden        401     401     404     403    403    403     403   403       403   200      404      404    403     403   200     403
updateComment         shut          401     401     404     403    403    409     403   409       409   409      409      404    409     409   409     403
updateComment         deleted       401     401     404     403    403    404     403   404       404   404      404      404    404     404   404     403
updateComment         absent        401     401     404     403    403    404     403   404       404   404      404      404    404     404   404     403
updateComment         elsewhere     401     401     404     403    403    404     403   404       404   404      404      404    404     404   404     403
updateComment         misnamed      401     401     400     403    403    400     403   400       400   400      400      400    400     400   400     403
deleteComment         agents        401     401     404     403    403    403     403   204       403   204      403      404    403     403   204     403
deleteComment         customers     401     401     404     403    403    403     403   403       403   204      204      404    403     403   204     403
deleteComment         systems       401     401     404     403    403    403     403   403       403   204      403      404    403     403   403     403
deleteComment         note          401     401     404     403    403    403     403   204       403   204      404      404    403     403   204     403
deleteComment         hidden        401     401     404     403    403    403     403   403       403   204      404      404    403     403   204     403
deleteComment         shut          401     401     404     403    403    403     409   409       409   409      409      404    409     409   409     403
deleteComment         deleted       401     401     404     403    403    403     404   404       404   404      404      404    404     404   404     403
deleteComment         absent        401     401     404     403    403    403     404   404       404   404      404      404    404     404   404     403
deleteComment         elsewhere     401     401     404     403    403    403     404   404       404   404      404      404    404     404   404     403
deleteComment         misnamed      401     401     400     403    403    403     400   400       400   400      400      400    400     400   400     403
getTicket             open          401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getTicket             closed        401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getTicket             unknown       401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getTicket             malformed     401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
putTicket             open          401     401     201     403    403    403     403   200       403   200      403      403    403     403   200     403
putTicket             closed        401     401     201     403    403    403     403   409       403   409      403      403    403     403   409     403
putTicket             unknown       401     401     201     403    403    403     403   201       403   201      403      403    403     403   201     403
putTicket             malformed     401     401     400     403    403    403     403   400       403   400      403      403    403     403   400     403
getUser               customer      401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getUser               agent         401     401     404     403    200    403     403   200       200   200      404      404    200     200   200     200
getUser               nobody        401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getUser               malformed     401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
putUser               customer      401     401     201     403    403    403     403   200       403   200      403      403    403     403   200     403
putUser               agent         401     401     403     403    403    403     403   403       403   200      403      403    403     403   403     403
putUser               nobody        401     401     201     403    403    403     403   201       403   201      403      403    403     403   201     403
putUser               malformed     401     401     400     403    403    403     403   400       403   400      403      403    403     403   400     403
getOpenAPI            document      200     200     200     200    200    200     200   200       200   200      200      200    200     200   200     200
makeCommentPrivate    agents        401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     200
makeCommentPrivate    customers     401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     200
makeCommentPrivate    note          401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     200
makeCommentPrivate    shut          401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     409
makeCommentPrivate    deleted       401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     404
makeCommentPrivate    elsewhere     401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     404
makeCommentPrivate    misnamed      401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     400
redactComment         agents        401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     201
redactComment         customers     401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     201
redactComment         systems       401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     201
redactComment         note          401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     201
redactComment         shut          401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     201
redactComment         deleted       401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     404
redactComment         absent        401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     404
redactComment         elsewhere     401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     404
redactComment         misnamed      401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     400
getRedaction          redacted      401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     200
getRedaction          agents        401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     404
getRedaction          misnamed      401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     400
getTreeHead           head          401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
getInclusionProof     own           401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
getInclusionProof     foreign       401     401     403     404    403    403     403   403       403   403      403      403    403     403   403     403
getInclusionProof     unknown       401     401     403     404    403    403     403   403       403   403      403      403    403     403   403     403
getInclusionProof     malformed     401     401     403     400    403    403     403   403       403   403      403      403    403     403   403     403
getConsistencyProof   sizes         401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
getConsistencyProof   none          401     401     403     400    403    403     403   403       403   403      403      403    403     403   403     403
getConsistencyProof   malformed     401     401     403     400    403    403     403   403       403   403      403      403    403     403   403     403
listPast              open          401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
listPast              closed        401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
listPast              unknown       401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
listPast              malformed     401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
listAtVersion         open          401     401     404     403    200    403     403   200       200   200      403      403    200     200   200     200
listAtVersion         unknown       401     401     404     403    404    403     403   404       404   404      403      403    404     404   404     404
listAsCustomer        open          401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     403
listAsCustomer        unknown       401     401     403     403    403    403     403   403       403   403      403      403    403     403   403     403
listEvents            open          401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listEvents            closed        401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listEvents            unknown       401     401     403     404    403    403     403   403       403   403      403      403    403     403   403     403
listEvents            malformed     401     401     403     400    403    403     403   403       403   403      403      403    403     403   403     403
followEvents          all           401     401     200     403    200    403     403   200       200   200      200      200    200     200   200     200
followEvents          open          401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
followEvents          closed        401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
followEvents          unknown       401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
followEvents          malformed     401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
listVersions          agents        401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          customers     401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          systems       401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          note          401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          hidden        401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          shut          401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          deleted       401     401     403     200    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          absent        401     401     403     404    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          elsewhere     401     401     403     404    403    403     403   403       403   403      403      403    403     403   403     403
listVersions          misnamed      401     401     403     400    403    403     403   403       403   403      403      403    403     403   403     403
listWebhooks          all         401     401     403     403    403    403     403   403       403   200      403      403    403     403   403     403
createWebhook         thin        401     401     403     403    403    403     403   403       403   201      403      403    403     403   403     403
createWebhook         full        401     401     403     403    403    403     403   403       403   201      403      403    403     403   403     403
getWebhook            own         401     401     403     403    403    403     403   403       403   200      403      403    403     403   403     403
getWebhook            foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
getWebhook            absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
getWebhook            misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
updateWebhook         own         401     401     403     403    403    403     403   403       403   200      403      403    403     403   403     403
updateWebhook         foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
updateWebhook         absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
updateWebhook         misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
deleteWebhook         own         401     401     403     403    403    403     403   403       403   204      403      403    403     403   403     403
deleteWebhook         foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
deleteWebhook         absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
deleteWebhook         misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
rotateWebhookSecret   own         401     401     403     403    403    403     403   403       403   200      403      403    403     403   403     403
rotateWebhookSecret   foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
rotateWebhookSecret   absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
rotateWebhookSecret   misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
testWebhook           own         401     401     403     403    403    403     403   403       403   202      403      403    403     403   403     403
testWebhook           foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
testWebhook           absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
testWebhook           misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
testWebhook           off         401     401     403     403    403    403     403   403       403   409      403      403    403     403   403     403
replayWebhook         own         401     401     403     403    403    403     403   403       403   202      403      403    403     403   403     403
replayWebhook         foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
replayWebhook         absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
replayWebhook         misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
listWebhookAttempts   own         401     401     403     403    403    403     403   403       403   200      403      403    403     403   403     403
listWebhookAttempts   foreign     401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
listWebhookAttempts   absent      401     401     403     403    403    403     403   403       403   404      403      403    403     403   403     403
listWebhookAttempts   misnamed    401     401     403     403    403    403     403   403       403   400      403      403    403     403   403     403
startChat             open          401     401     403     403    403    403     403   403       403   403      403      403    403     403   201     403
startChat             closed        401     401     403     403    403    403     403   403       403   403      403      403    403     403   409     403
startChat             unknown       401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
startChat             malformed     401     401     403     403    403    403     403   403       403   403      403      403    403     403   400     403
addChatMessages       own           401     401     403     403    403    403     403   403       403   403      403      403    403     403   201     403
addChatMessages       others        401     401     403     403    403    403     403   403       403   403      403      403    403     403   201     403
addChatMessages       ended         401     401     403     403    403    403     403   403       403   403      403      403    403     403   409     403
addChatMessages       shutChat      401     401     403     403    403    403     403   403       403   403      403      403    403     403   409     403
addChatMessages       absentChat    401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
addChatMessages       elsewhereChat 401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
addChatMessages       misnamedChat  401     401     403     403    403    403     403   403       403   403      403      403    403     403   400     403
addChatFiles          own           401     401     403     403    403    403     403   403       403   403      403      403    403     403   201     403
addChatFiles          others        401     401     403     403    403    403     403   403       403   403      403      403    403     403   201     403
addChatFiles          ended         401     401     403     403    403    403     403   403       403   403      403      403    403     403   409     403
addChatFiles          shutChat      401     401     403     403    403    403     403   403       403   403      403      403    403     403   409     403
addChatFiles          absentChat    401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
addChatFiles          elsewhereChat 401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
addChatFiles          misnamedChat  401     401     403     403    403    403     403   403       403   403      403      403    403     403   400     403
endChat               own           401     401     403     403    403    403     403   403       403   403      403      403    403     403   200     403
endChat               ended         401     401     403     403    403    403     403   403       403   403      403      403    403     403   200     403
endChat               shutChat      401     401     403     403    403    403     403   403       403   403      403      403    403     403   200     403
endChat               absentChat    401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
endChat               elsewhereChat 401     401     403     403    403    403     403   403       403   403      403      403    403     403   404     403
endChat               misnamedChat  401     401     403     403    403    403     403   403       403   403      403      403    403     403   400     403
getChat               own           401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getChat               others        401     401     404     403    200    403     403   200       200   200      404      404    200     200   200     200
getChat               ended         401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getChat               shutChat      401     401     404     403    200    403     403   200       200   200      200      404    200     200   200     200
getChat               comment       401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getChat               absentChat    401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getChat               elsewhereChat 401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
getChat               misnamedChat  401     401     400     403    400    403     403   400       400   400      400      400    400     400   400     400
getComment            chat          401     401     404     403    404    403     403   404       404   404      404      404    404     404   404     404
`

func TestMatrix(t *testing.T) {
	s := newStack(t)
	a := s.account("acme", directory.Settings{})
	other := s.account("other", directory.Settings{})
	a.keys["foreign"], a.other = other.keys["agent"], other.id
	a.keys["revoked"] = revokedKey(t, a)

	covered := map[string]bool{}
	lines := strings.Split(strings.TrimSpace(matrix), "\n")
	columns := strings.Fields(lines[0])[2:]
	cells := 0
	for _, line := range lines[1:] {
		row := strings.Fields(line)
		operation, object := row[0], row[1]
		covered[operation] = true
		for i, principal := range columns {
			want, err := strconv.Atoi(row[2+i])
			if err != nil {
				t.Fatal(err)
			}
			a.forgetWebhooks()
			method, path, body := a.cell(operation, object)
			var headers []header
			if operation == "createEmail" {
				headers = []header{asMail}
			}
			if got := a.do(principal, method, path, body, headers...); got.status != want {
				t.Errorf("%s of %s as %s = %d %s; want %d", operation, object, principal, got.status, got.body, want)
			}
			cells++
		}
	}
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if !covered[operation.OperationID] {
				t.Errorf("%s is not in the matrix", operation.OperationID)
			}
		}
	}
	t.Logf("%d cells", cells)
}

// cell returns the request for an operation on a new object.
func (a *account) cell(operation, object string) (method, path, body string) {
	a.t.Helper()
	switch operation {
	case "listComments":
		return "GET", a.ticketObject(object) + "/comments", ""
	case "listPast":
		return "GET", a.ticketObject(object) + "/comments?as_of=2999-01-01T00:00:00Z", ""
	case "listAtVersion":
		return "GET", a.ticketObject(object) + "/comments?as_of=version:1", ""
	case "listAsCustomer":
		return "GET", a.ticketObject(object) + "/comments?as_of=version:1&as=customer", ""
	case "listEvents":
		return "GET", a.ticketObject(object) + "/events", ""
	case "followEvents": // which never ends, but for HEAD
		if object == "all" {
			return "HEAD", "/v1/events", ""
		}
		return "HEAD", "/v1/events?ticket_id=" + strings.TrimPrefix(a.ticketObject(object), "/v1/tickets/"), ""
	case "listVersions":
		return "GET", a.commentObject(object) + "/versions", ""
	case "createComment":
		return "POST", a.ticketObject(object) + "/comments", newComment("text", false)
	case "createEmail":
		return "POST", a.ticketObject(object) + "/emails", mailOf("Subject: x", "", "x")
	case "getOriginal":
		if object == "email" {
			made := a.must(201, "relay", "POST", a.ticket()+"/emails", burning, asMail)
			return "GET", made.header.Get("Location") + "/original", ""
		}
		return "GET", a.commentObject(object) + "/original", ""
	case "createNote":
		return "POST", a.ticketObject(object) + "/comments", newComment("text", true)
	case "getComment":
		return "GET", a.commentObject(object), ""
	case "updateComment":
		return "PATCH", a.commentObject(object), `{"content":"new text"}`
	case "deleteComment":
		return "DELETE", a.commentObject(object), ""
	case "makeCommentPrivate":
		return "POST", a.commentObject(object) + "/make_private", ""
	case "redactComment":
		return "POST", a.commentObject(object) + "/redactions", `{"text":"ex"}`
	case "getRedaction":
		if object == "redacted" {
			made := a.must(201, "redactor", "POST", a.commentObject("agents")+"/redactions", `{"all":true}`)
			return "GET", made.header.Get("Location"), ""
		}
		return "GET", a.commentObject(object) + "/redactions/" + uuid.NewString(), ""
	case "getTicket":
		return "GET", a.ticketObject(object), ""
	case "putTicket":
		return "PUT", a.ticketObject(object), `{"status":"pending"}`
	case "getUser":
		return "GET", a.userObject(object), ""
	case "putUser":
		role := object
		if object == "nobody" || object == "malformed" {
			role = "customer"
		}
		return "PUT", a.userObject(object), fmt.Sprintf(`{"role":%q}`, role)
	case "getName":
		return "GET", "/v1/ids/" + a.nameObject(object), ""
	case "startChat":
		return "POST", a.ticketObject(object) + "/chats", fmt.Sprintf(`{"visitor_id":%q}`, a.users["customer"])
	case "addChatMessages":
		return "POST", a.chatObject(object) + "/messages", fmt.Sprintf(`{"author_type":"AGENT","author_user_id":%q,"content":"text"}`, a.users["agent"])
	case "addChatFiles":
		return "POST", a.chatObject(object) + "/files", fmt.Sprintf(`{"upload":%q,"author_type":"AGENT","author_user_id":%q}`, a.upload("relay", "a.txt"), a.users["agent"])
	case "endChat":
		return "POST", a.chatObject(object) + "/end", ""
	case "getChat":
		return "GET", a.chatObject(object), ""
	case "getTreeHead", "getInclusionProof", "getConsistencyProof":
		return "GET", a.logObject(operation, object), ""
	case "getOpenAPI":
		return "GET", "/v1/openapi.json", ""
	}
	return a.webhookCell(operation, object)
}

func (a *account) ticketObject(object string) string {
	switch object {
	case "open":
		return a.ticket()
	case "closed":
		path := a.ticket()
		a.closeTicket(path)
		return path
	case "unknown":
		return "/v1/tickets/" + uuid.NewString()
	}
	return "/v1/tickets/550e8400-e29b-41d4-a716-44665544000g"
}

func (a *account) commentObject(object string) string {
	ticket := a.ticket()
	switch object {
	case "agents":
		return a.comment("agent", ticket, "text", false)
	case "customers":
		return a.comment("customer", ticket, "text", false)
	case "systems":
		return a.comment("system", ticket, "text", false)
	case "note":
		return a.comment("agent", ticket, "text", true)
	case "hidden": // the customer's, until somebody made a note of it
		path := a.comment("customer", ticket, "text", false)
		a.must(200, "admin", "PATCH", path, `{"is_internal":true}`)
		return path
	case "shut":
		path := a.comment("agent", ticket, "text", false)
		a.closeTicket(ticket)
		return path
	case "deleted":
		path := a.comment("agent", ticket, "text", false)
		a.must(204, "agent", "DELETE", path, "")
		return path
	case "chat":
		return ticket + "/comments/" + strings.TrimPrefix(a.chat(ticket, "customer"), ticket+"/chats/")
	case "absent":
		return ticket + "/comments/" + uuid.NewString()
	case "elsewhere":
		path := a.comment("agent", ticket, "text", false)
		return a.ticket() + strings.TrimPrefix(path, ticket)
	}
	return ticket + "/comments/123e4567e89b12d3a456426614174000"
}

func (a *account) chatObject(object string) string {
	ticket := a.ticket()
	visitor := "customer"
	if object == "others" { // on a ticket of the customer
		visitor = "stranger"
	}
	path := a.chat(ticket, visitor)
	switch object {
	case "ended":
		a.must(200, "relay", "POST", path+"/end", "")
	case "shutChat":
		a.closeTicket(ticket)
	case "comment":
		return ticket + "/chats/" + strings.TrimPrefix(a.comment("agent", ticket, "text", false), ticket+"/comments/")
	case "absentChat":
		return ticket + "/chats/" + uuid.NewString()
	case "elsewhereChat":
		return a.ticket() + strings.TrimPrefix(path, ticket)
	case "misnamedChat":
		return ticket + "/chats/123e4567e89b12d3a456426614174000"
	}
	return path
}

// chat begins a chat on the ticket at path and returns its path.
func (a *account) chat(path, visitor string) string {
	a.t.Helper()
	return a.must(201, "relay", "POST", path+"/chats", fmt.Sprintf(`{"visitor_id":%q}`, a.users[visitor])).header.Get("Location")
}

func (a *account) userObject(object string) string {
	switch object {
	case "customer", "agent":
		return "/v1/users/" + a.users[object].String()
	case "nobody":
		return "/v1/users/" + uuid.NewString()
	}
	return "/v1/users/me"
}

// nameObject is the id, or the number, of something.
func (a *account) nameObject(object string) string {
	what, byNumber := strings.CutSuffix(object, "Number")
	var path string
	switch what {
	case "ticket":
		path = a.ticket()
	case "agents", "note", "deleted":
		path = a.commentObject(what)
	case "customer", "agent":
		path = a.userObject(what)
	case "absent":
		if byNumber {
			return "9007199254740991"
		}
		return uuid.NewString()
	default:
		return "12x"
	}
	id := path[strings.LastIndexByte(path, '/')+1:]
	if byNumber {
		return strconv.FormatInt(a.name("agent", id).Number, 10)
	}
	return id
}

func revokedKey(t *testing.T, a *account) string {
	t.Helper()
	key, text, err := a.stack.keys.Create(t.Context(), auth.NewKey{
		Account: a.id, UserID: a.users["agent"], Kind: domain.ActorAgent, Scopes: auth.ScopesOf(auth.CommentsRead),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.stack.keys.Revoke(t.Context(), a.id, key.ID); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestCredentials: whatever is not a good key is answered alike, before anything
// else is looked at.
func TestCredentials(t *testing.T) {
	a := newStack(t).account("acme", directory.Settings{})
	path := a.ticket()
	good := a.keys["agent"]
	wrong := good[:len(good)-1] + "!"
	if strings.HasSuffix(good, "0") {
		wrong = good[:len(good)-1] + "1"
	}
	var first string
	for _, value := range []string{
		"Bearer", "Bearer ", "bearer  ", "Basic Og==", "Basic " + good, "Token " + good, good, "Bearer " + wrong,
		"Bearer " + good + " x", "Bearer\t" + good, "Bearer " + strings.Repeat("a", 9000), "Bearer é",
	} {
		r := a.do("nobody", "GET", path, "", header{"Authorization", value})
		if r.status != 401 || r.header.Get("WWW-Authenticate") != "Bearer" || r.code() != "unauthorized" {
			t.Errorf("Authorization %.20q = %d %s", value, r.status, r.body)
		}
		body := strings.ReplaceAll(string(r.body), r.header.Get("X-Request-Id"), "")
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("Authorization %.20q = %s, another one %s", value, body, first)
		}
	}
	for _, value := range []string{"bearer " + good, "BEARER   " + good} {
		a.must(200, "nobody", "GET", path, "", header{"Authorization", value})
	}
	r, err := http.NewRequest("GET", a.url+path+"?access_token="+good, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + good}
	resp, err := a.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("two Authorization headers = %d", resp.StatusCode)
	}
}
