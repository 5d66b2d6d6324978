package zendesk

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
)

// passed are the flags that those may pass who relay what others have said (contract
// §5.5): what they alone can know. The others commentd finds out by itself.
var passed = []int{3, 4, 14, 16, 18, 20, 21, 22}

// flags returns the flags in the metadata of a comment, as those say who relay what others
// have said; nobody else is asked. Of a flag's options only that it can be trusted is
// kept, so nothing else may be in them.
func (c *call) flags(comment object, wrong map[string][]detail) (domain.Flags, error) {
	if !c.caller.Has(auth.CommentsActAs) {
		return 0, nil
	}
	metadata, err := c.object(comment, "metadata")
	if err != nil {
		return 0, err
	}
	var numbers []int
	if v, ok := metadata.given("flags"); ok && json.Unmarshal(v, &numbers) != nil {
		return 0, c.attribute("flags", "an array of integers")
	}
	options, err := c.object(metadata, "flags_options")
	if err != nil {
		return 0, err
	}
	for name, v := range options {
		var trust map[string]any
		number, err := strconv.Atoi(name)
		if err != nil || !slices.Contains(numbers, number) || json.Unmarshal(v, &trust) != nil || len(trust) != 1 || trust["trusted"] != true {
			wrong["flags_options"] = []detail{{"Flags options: are {\"trusted\":true} of a flag that is given", "InvalidValue"}}
		}
	}
	flags, err := domain.FlagsOf(numbers...)
	if err != nil || slices.ContainsFunc(numbers, func(n int) bool { return !slices.Contains(passed, n) }) {
		wrong["flags"] = []detail{{"Flags: are of 3, 4, 14, 16, 18, 20, 21 and 22", "InvalidValue"}}
	}
	return flags, nil
}
