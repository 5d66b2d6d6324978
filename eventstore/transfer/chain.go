package transfer

import (
	"time"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/audit"
)

// chain is the end of a log: what its next event has to follow on.
type chain struct {
	shard      int16
	position   int64
	recordedAt time.Time
	epoch      int32
	partitions []int64 // last position in each; below 0: not known
	tree       *audit.Tree
}

// newChain returns the beginning of a log.
func newChain(shard int16) *chain {
	return &chain{shard: shard, partitions: make([]int64, domain.Partitions), tree: new(audit.Tree)}
}

// unknownChain returns the end of a log of which nothing is known but how long it is.
func unknownChain(shard int16, position int64) *chain {
	c := &chain{shard: shard, position: position, partitions: make([]int64, domain.Partitions)}
	for i := range c.partitions {
		c.partitions[i] = -1
	}
	return c
}

// add appends an event, and returns what is wrong with it; "" if nothing is.
func (c *chain) add(e *eventstore.Recorded) string {
	part := e.Partition()
	switch before := c.partitions[part]; {
	case int64(e.Position) != c.position+1:
		return "the event does not follow on the one before it: positions have no hole"
	case before >= 0 && int64(e.PrevInPartition) != before:
		return "prev_in_partition is not the event before it in its partition"
	case e.RecordedAt.Before(c.recordedAt):
		return "the event was recorded before the one before it"
	case !e.RecordedAt.Equal(e.RecordedAt.Truncate(time.Microsecond)):
		return "the event was not recorded at this time: the log knows microseconds"
	case e.Epoch < c.epoch:
		return "the event is of an epoch before that of the one before it"
	}
	c.position, c.recordedAt, c.epoch, c.partitions[part] = int64(e.Position), e.RecordedAt, e.Epoch, int64(e.Position)
	if c.tree != nil {
		c.tree.Add(c.shard, e)
	}
	return ""
}
