package relay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// newGuardedRig is a rig on a server that has the accounts and users of Access. The readers
// are portal and other of the public outlet of the account 1, desk of its outlet for all,
// portal of the public outlet of the account 2, and auditor of the log stream.
func newGuardedRig(t *testing.T, l *log) *rig {
	t.Helper()
	r := &rig{log: l, t: t}
	admit := func(o *NamedOutlet, names ...string) {
		o.Slug, _ = slugs(t.Context(), o.Account)
		o.Readers = names
		r.open(o.Account, o.Audience, 0)
		for _, name := range names {
			if err := r.outletStore().AddReader(t.Context(), o.Account, o.Audience, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	access := Access{LogReaders: []string{"auditor"}, Outlets: []NamedOutlet{
		{Outlet: Outlet{Account: 1, Audience: AudiencePublic}}, {Outlet: Outlet{Account: 1, Audience: AudienceAll}},
		{Outlet: Outlet{Account: 2, Audience: AudiencePublic}},
	}}
	admit(&access.Outlets[0], "other", "portal")
	admit(&access.Outlets[1], "desk")
	admit(&access.Outlets[2], "portal")
	r.broker = "nats://commentd:secret@" + startGuarded(t, access)
	r.nc = connect(t, r.broker)
	var err error
	if r.js, err = jetstream.New(r.nc); err != nil {
		t.Fatal(err)
	}
	return r
}

// startGuarded starts a server and returns its address. All passwords are "secret".
func startGuarded(t *testing.T, access Access) string {
	t.Helper()
	var config strings.Builder
	fmt.Fprintf(&config, "listen: 127.0.0.1:-1\njetstream {store_dir: %q}\n", filepath.Join(t.TempDir(), "nats"))
	if err := access.Write(&config); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"commentd", "auditor", "a-1.public.portal", "a-1.public.other", "a-1.all.desk", "a-2.public.portal"} {
		t.Setenv(passwordOf(user), "secret")
	}
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatalf("%v in\n%s", err, config.String())
	}
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	return s.Addr().String()
}

// as connects as a user whose inbox is that of a name.
func (r *rig) as(user, name string) *nats.Conn {
	r.t.Helper()
	address := r.broker[strings.Index(r.broker, "@")+1:]
	nc, err := nats.Connect("nats://"+address, nats.UserInfo(user, "secret"), nats.CustomInboxPrefix(ReaderInbox(name)),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(nc.Close)
	return nc
}

// mayPublish reports whether the server takes a message of the user on a subject.
func mayPublish(t *testing.T, nc *nats.Conn, subject, reply string) bool {
	t.Helper()
	if err := nc.PublishRequest(subject, reply, nil); err != nil {
		t.Fatal(err)
	}
	return permitted(t, nc, fmt.Sprintf("Publish to %q", subject))
}

func mayListen(t *testing.T, nc *nats.Conn, subject string) bool {
	t.Helper()
	sub, err := nc.SubscribeSync(subject)
	if err != nil {
		t.Fatal(err)
	}
	ok := permitted(t, nc, fmt.Sprintf("Subscription to %q", subject))
	_ = sub.Unsubscribe() // the server may have refused it
	return ok
}

// permitted waits until the server has dealt with everything, and looks whether it has
// complained.
func permitted(t *testing.T, nc *nats.Conn, complaint string) bool {
	t.Helper()
	if err := nc.FlushTimeout(patience); err != nil {
		t.Fatal(err)
	}
	err := nc.LastError()
	return err == nil || !strings.Contains(err.Error(), complaint)
}

// TestNATSPermissions tries every subject as everybody. The letters are of those who may:
// p and o are readers of the public outlet, d of the one for all, f of another account's,
// l of the log stream. commentd itself may do everything in its account.
func TestNATSPermissions(t *testing.T) {
	r := newGuardedRig(t, newLog(t))
	r.relay()
	r.outlets()
	r.append(60)
	r.awaitRelayed()
	r.awaitOutlet(1, AudiencePublic, 0)
	who := map[string]*nats.Conn{
		"p": r.as("a-1.public.portal", "portal"), "o": r.as("a-1.public.other", "other"), "d": r.as("a-1.all.desk", "desk"),
		"f": r.as("a-2.public.portal", "portal"), "l": r.as("auditor", "auditor"),
	}
	const public, all, foreign = "COMMENTD_OUT_A-1_PUBLIC", "COMMENTD_OUT_A-1_ALL", "COMMENTD_OUT_A-2_PUBLIC"
	requests := []struct{ subject, may string }{
		{ReaderAPI + ".CONSUMER.INFO." + public + ".portal", "p"},
		{"$JS.API.CONSUMER.INFO." + public + ".portal", ""},
		{ReaderAPI + ".CONSUMER.INFO." + public + ".other", "o"},
		{"$JS.API.CONSUMER.INFO." + public + ".other", ""},
		{ReaderAPI + ".CONSUMER.INFO." + all + ".desk", "d"},
		{"$JS.API.CONSUMER.INFO." + all + ".desk", ""},
		{ReaderAPI + ".CONSUMER.INFO." + foreign + ".portal", "f"},
		{"$JS.API.CONSUMER.INFO." + foreign + ".portal", ""},
		{"$JS.API.CONSUMER.INFO.COMMENTD_LOG.any", "l"},
		{ReaderAPI + ".CONSUMER.MSG.NEXT." + public + ".portal", "p"},
		{"$JS.API.CONSUMER.MSG.NEXT." + public + ".portal", ""},
		{ReaderAPI + ".CONSUMER.MSG.NEXT." + public + ".other", "o"},
		{"$JS.API.CONSUMER.MSG.NEXT." + public + ".other", ""},
		{"$JS.API.CONSUMER.MSG.NEXT." + public + ".third", ""},
		{ReaderAPI + ".CONSUMER.MSG.NEXT." + all + ".desk", "d"},
		{"$JS.API.CONSUMER.MSG.NEXT." + all + ".desk", ""},
		{"$JS.API.CONSUMER.MSG.NEXT." + all + ".portal", ""},
		{ReaderAPI + ".CONSUMER.MSG.NEXT." + foreign + ".portal", "f"},
		{"$JS.API.CONSUMER.MSG.NEXT." + foreign + ".portal", ""},
		{"$JS.API.CONSUMER.MSG.NEXT.COMMENTD_LOG.any", "l"},
		{ReaderAPI + ".CONSUMER.RESET." + public + ".portal", "p"},
		{"$JS.API.CONSUMER.RESET." + public + ".portal", ""},
		{ReaderAPI + ".CONSUMER.RESET." + public + ".other", "o"},
		{"$JS.API.CONSUMER.RESET." + public + ".other", ""},
		{ReaderAPI + ".CONSUMER.RESET." + all + ".desk", "d"},
		{"$JS.API.CONSUMER.RESET." + all + ".desk", ""},
		{ReaderAPI + ".CONSUMER.RESET." + foreign + ".portal", "f"},
		{"$JS.API.CONSUMER.RESET." + foreign + ".portal", ""},
		{"$JS.API.CONSUMER.RESET.COMMENTD_LOG.any", ""},
		{"$JS.API.CONSUMER.CREATE." + public, ""},
		{"$JS.API.CONSUMER.CREATE." + public + ".portal", ""},
		{"$JS.API.CONSUMER.CREATE." + public + ".mine.commentd.out.a-1.public.>", ""},
		{"$JS.API.CONSUMER.CREATE." + all + ".portal", ""},
		{"$JS.API.CONSUMER.CREATE.COMMENTD_LOG.mine", "l"},
		{"$JS.API.CONSUMER.CREATE.COMMENTD_LOG.mine.commentd.log.>", "l"},
		{"$JS.API.CONSUMER.DURABLE.CREATE." + public + ".portal", ""},
		{"$JS.API.CONSUMER.DURABLE.CREATE.COMMENTD_LOG.mine", ""},
		{"$JS.API.CONSUMER.DELETE." + public + ".portal", ""},
		{"$JS.API.CONSUMER.DELETE." + public + ".other", ""},
		{"$JS.API.CONSUMER.DELETE.COMMENTD_LOG.any", ""},
		{"$JS.API.CONSUMER.LIST." + public, ""},
		{"$JS.API.CONSUMER.LIST.COMMENTD_LOG", ""},
		{"$JS.API.CONSUMER.NAMES." + public, ""},
		{"$JS.API.CONSUMER.NAMES.COMMENTD_LOG", ""},
		{"$JS.API.CONSUMER.PAUSE." + public + ".portal", ""},
		{"$JS.API.CONSUMER.UNPIN." + public + ".portal", ""},
		{"$JS.API.CONSUMER.LEADER.STEPDOWN." + public + ".portal", ""},
		{"$JS.API.STREAM.INFO." + public, ""},
		{"$JS.API.STREAM.INFO." + all, ""},
		{"$JS.API.STREAM.INFO.COMMENTD_LOG", "l"},
		{"$JS.API.STREAM.LIST", ""},
		{"$JS.API.STREAM.NAMES", ""},
		{"$JS.API.STREAM.CREATE.MINE", ""},
		{"$JS.API.STREAM.UPDATE." + public, ""},
		{"$JS.API.STREAM.UPDATE.COMMENTD_LOG", ""},
		{"$JS.API.STREAM.DELETE." + public, ""},
		{"$JS.API.STREAM.DELETE.COMMENTD_LOG", ""},
		{"$JS.API.STREAM.PURGE." + public, ""},
		{"$JS.API.STREAM.PURGE.COMMENTD_LOG", ""},
		{"$JS.API.STREAM.SNAPSHOT." + public, ""},
		{"$JS.API.STREAM.RESTORE." + public, ""},
		{"$JS.API.STREAM.MSG.GET." + public, ""},
		{"$JS.API.STREAM.MSG.GET.COMMENTD_LOG", ""},
		{"$JS.API.STREAM.MSG.DELETE." + public, ""},
		{"$JS.API.DIRECT.GET." + public, ""},
		{"$JS.API.DIRECT.GET." + all, ""},
		{"$JS.API.DIRECT.GET.COMMENTD_LOG", ""},
		{"$JS.API.INFO", ""},
		{"$JS.API.META.LEADER.STEPDOWN", ""},
		{"$JS.ACK." + public + ".portal.1.1.1.1.1", ""},
		{"$JS.FC." + public + ".portal.x", ""},
		{"$SYS.REQ.SERVER.PING", ""},
		{"$SYS.REQ.USER.INFO", ""},
		{"commentd.out.a-1.public.comment.created", ""},
		{"commentd.out.a-1.all.comment.created", ""},
		{"commentd.out.a-2.public.comment.created", ""},
		{"commentd.log.0.a-1.public.comment.created", ""},
		{"commentd.poke.log.0", ""},
		{InboxPrefix + ".x.1", ""},
		{"_INBOX.x", ""},
		{ReaderInbox("portal") + ".x", ""},
		{ReaderAPI + ".CONSUMER.CREATE." + public + ".portal", ""},
		{ReaderAPI + ".CONSUMER.MSG.NEXT." + all + ".portal", ""},
		{ReaderAPI + ".CONSUMER.MSG.NEXT.COMMENTD_LOG.any", ""},
		{ReaderAPI + ".STREAM.INFO." + public, ""},
		{ReaderAPI + ".INFO", ""},
		{"anything", ""},
	}
	subjects := []struct{ subject, may string }{
		{">", ""}, {"*", ""}, {"commentd.>", ""}, {"commentd.log.>", ""}, {"commentd.log.0.a-1.public.>", ""},
		{"commentd.out.>", ""}, {"commentd.out.a-1.public.>", ""}, {"commentd.out.a-1.all.>", ""}, {"commentd.poke.>", ""},
		{"$JS.>", ""}, {"$JS.API.>", ""}, {"$JS.ACK.>", ""}, {"$JS.EVENT.ADVISORY.>", ""}, {"$SYS.>", ""}, {"_R_.>", ""},
		{"_INBOX.>", ""}, {InboxPrefix + ".>", ""}, {InboxPrefix + ".*.*", ""}, {"_INBOX_*.>", ""},
		{ReaderInbox("portal") + ".>", "pf"}, {ReaderInbox("other") + ".>", "o"}, {ReaderInbox("desk") + ".>", "d"}, {ReaderInbox("auditor") + ".>", "l"},
	}
	if rows := len(requests) + len(subjects); rows < 60 {
		t.Errorf("only %d subjects are tried", rows)
	}
	for name, nc := range who {
		for _, tt := range requests {
			if got, want := mayPublish(t, nc, tt.subject, nc.NewInbox()), strings.Contains(tt.may, name); got != want {
				t.Errorf("%s may publish on %s: %t, want %t", name, tt.subject, got, want)
			}
		}
		for _, tt := range subjects {
			if got, want := mayListen(t, nc, tt.subject), strings.Contains(tt.may, name); got != want {
				t.Errorf("%s may listen on %s: %t, want %t", name, tt.subject, got, want)
			}
		}
	}
}

// What a reader may ask for it can have sent to any subject, for no permission is about the
// subjects of answers. None of it reaches what is not the reader's.
func TestAnswersStayWithReaders(t *testing.T) {
	r := newGuardedRig(t, newLog(t))
	c, o := r.relay(), r.outlets()
	r.append(60)
	r.awaitRelayed()
	r.awaitOutlet(1, AudiencePublic, 0)
	heard := make(chan *nats.Msg, 1000)
	for _, subject := range []string{"commentd.>", InboxPrefix + ".stranger"} {
		if _, err := r.nc.ChanSubscribe(subject, heard); err != nil {
			t.Fatal(err)
		}
	}
	reader := r.as("a-1.public.portal", "portal")
	eventually(t, func() error { // until the consumer is there
		_, err := reader.Request(ReaderAPI+".CONSUMER.MSG.NEXT.COMMENTD_OUT_A-1_PUBLIC.portal", nil, time.Second)
		return err
	})
	for _, reply := range []string{"commentd.log.0.a-1.public.comment.created", "commentd.out.a-1.public.comment.created",
		"commentd.out.a-2.public.comment.created", InboxPrefix + ".stranger", "commentd.poke.log.0"} {
		for _, request := range readerRequests("COMMENTD_OUT_A-1_PUBLIC", "portal") {
			if !mayPublish(t, reader, ReaderAPI+request, reply) {
				t.Errorf("%s is refused", request)
			}
		}
	}
	// An answer to the reader itself comes after what was sent before.
	if _, err := reader.Request(ReaderAPI+".CONSUMER.INFO.COMMENTD_OUT_A-1_PUBLIC.portal", nil, patience); err != nil {
		t.Fatal(err)
	}
	r.append(60)
	r.awaitRelayed()
	r.wantDense(1)
	r.wantOutlet(1, AudiencePublic, 0)
	r.wantHealthy(c)
	r.wantOutletsHealthy(o)
	for len(heard) > 0 {
		if msg := <-heard; !strings.HasPrefix(msg.Reply, InboxPrefix) || msg.Subject == InboxPrefix+".stranger" {
			t.Errorf("commentd hears on %s what a reader asked for", msg.Subject)
		}
	}
	if n := c.healedBy("foreign message"); n != 0 {
		t.Errorf("a reader has put %d messages into the log stream", n)
	}
}

// twinSQL adds $1 public events, the same ones in any log, with $2 internal ones before
// each of them, and others of another account.
const twinSQL = `
INSERT INTO log.events (position, prev_in_partition, recorded_at, epoch, account_id, version, comment_previous, shard, schema_version,
                        internal, event_id, ticket_id, comment_id, type, data)
SELECT n * ($2 + 1) + h + 1, n * ($2 + 1) + h, timestamptz '2026-01-01Z' + make_interval(secs => n), 1, CASE WHEN h = $2 OR h % 5 > 0 THEN 1 ELSE 2 END,
       n * ($2 + 1) + h + 1, n * ($2 + 1) + h, 0, 1, h < $2, CASE WHEN h < $2 THEN gen_random_uuid() ELSE md5('event' || n)::uuid END,
       md5('ticket')::uuid, md5('comment' || CASE WHEN h < $2 THEN n % 2 ELSE n / 3 END)::uuid,
       CASE WHEN h < $2 THEN 'comment.edited' ELSE (ARRAY['comment.created', 'comment.redacted', 'comment.made_private'])[n % 3 + 1] END,
       convert_to(CASE WHEN h < $2 THEN '{"secret":true}' ELSE '{"actor":{"kind":"agent","id":"550e8400-e29b-41d4-a716-446655440000"},"audit":' ||
           (n * ($2 + 1) + h) || ',"number":' || (n * ($2 + 1) + h) || ',"author":{"type":"AGENT","id":"550e8400-e29b-41d4-a716-446655440000"},"public":true,"content":{"id":"' ||
           gen_random_uuid() || '"},"contents":[{"old":"' || gen_random_uuid() || '","new":{"id":"' || gen_random_uuid() || '"}}]}' END, 'UTF8')
  FROM generate_series(0, $1 - 1) AS n, generate_series(0, $2) AS h`

// received is all that a reader gets to see.
type received struct {
	Subject, Reply string
	Header         nats.Header
	Data           string
}

// readAsPublic fills an outlet from a log with hidden events, and reads it as somebody who
// may read nothing else.
func readAsPublic(t *testing.T, public, hidden int) (messages []received, info string) {
	t.Helper()
	r := newGuardedRig(t, newLog(t))
	r.exec(twinSQL, public, hidden)
	r.exec(`UPDATE log.heads SET position = $1`, public*(hidden+1))
	r.relay()
	r.outlets()
	r.awaitOutlet(1, AudiencePublic, 0)
	js, err := jetstream.NewWithAPIPrefix(r.as("a-1.public.portal", "portal"), ReaderAPI)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	consumer, err := js.Consumer(ctx, "COMMENTD_OUT_A-1_PUBLIC", "portal")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.ResetConsumerToSequence(ctx, "COMMENTD_OUT_A-1_PUBLIC", "portal", 1); err != nil {
		t.Fatal(err)
	}
	for len(messages) < public {
		msg, err := consumer.Next(jetstream.FetchMaxWait(patience))
		if err != nil {
			t.Fatal(err)
		}
		reply := strings.Split(msg.Reply(), ".")
		if len(reply) < 9 {
			t.Fatalf("reply %s", msg.Reply())
		}
		reply[len(reply)-2] = "time" // when the message came into the stream
		messages = append(messages, received{msg.Subject(), strings.Join(reply, "."), msg.Headers(), string(msg.Data())})
	}
	last, err := consumer.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	last.Created, last.TimeStamp, last.Delivered.Last, last.AckFloor.Last = time.Time{}, time.Time{}, nil, nil
	if last.Config.Metadata[metadataOutlet] == "" {
		t.Error("the consumer does not say which stream it is of")
	}
	delete(last.Config.Metadata, metadataOutlet) // drawn when the outlet is opened
	last.Cluster = nil                           // names the server, which the test gives no name
	return messages, fmt.Sprintf("%+v", *last)
}

// TestPublicReaderLearnsNothingOfNotes: what it gets is the same, byte by byte, whatever is
// written in between that it may not know of.
func TestPublicReaderLearnsNothingOfNotes(t *testing.T) {
	const public = 12
	want, info := readAsPublic(t, public, 0)
	for _, hidden := range []int{1, 84} { // 84 before each: 1,008 in all
		got, gotInfo := readAsPublic(t, public, hidden)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d notes show (-without +with):\n%s", hidden*public, diff)
		}
		if gotInfo != info {
			t.Errorf("%d notes show in the consumer:\n%s\n%s", hidden*public, info, gotInfo)
		}
	}
	for _, m := range want {
		for name := range m.Header {
			switch name {
			case headerVersion, headerPrevious, headerOfComment, headerAccount:
				t.Errorf("a message has the header %s", name)
			}
		}
		for _, word := range []string{"number", "audit", "content", "actor"} {
			if strings.Contains(m.Data, word) {
				t.Errorf("a message says %s", m.Data)
			}
		}
	}
}
