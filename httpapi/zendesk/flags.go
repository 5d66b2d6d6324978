package zendesk

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/commentd/commentd/domain"
	"github.com/commentd/commentd/httpapi/auth"
)

// passed are the flags that those may pass who relay what others have said (contract
// §5.5): what they alone can know. The others commentd finds out by itself.
var passed = []int{3, 4, 5, 14, 16, 18, 20, 21, 22}

// flagOptions is what is said of a flag: whether it can be trusted, and what it is about.
type flagOptions struct {
	Trusted bool           `json:"trusted"`
	Message jsontext.Value `json:"message,omitzero"`
}

// flags puts into a speech the flags in the metadata of a comment, as those say who relay
// what others have said; nobody else is asked.
func (c *call) flags(s *speech, comment object, wrong map[string][]detail) error {
	if !c.caller.Has(auth.CommentsActAs) {
		return nil
	}
	metadata, err := c.object(comment, "metadata")
	if err != nil {
		return err
	}
	var numbers []int
	if v, ok := metadata.given("flags"); ok && json.Unmarshal(v, &numbers) != nil {
		return c.attribute("flags", "an array of integers")
	}
	s.flags, err = domain.FlagsOf(numbers...)
	if err != nil || slices.ContainsFunc(numbers, func(n int) bool { return !slices.Contains(passed, n) }) {
		wrong["flags"] = []detail{{"Flags: are of 3, 4, 5, 14, 16, 18, 20, 21 and 22", "InvalidValue"}}
	}
	options, err := c.object(metadata, "flags_options")
	if err != nil {
		return err
	}
	if s.flagged, err = flaggedOf(options, s.flags); err != nil {
		wrong["flags_options"] = []detail{{
			"Flags options: are {\"trusted\":true or false,\"message\":{…}} of flags that are given, in at most 16 KiB", "InvalidValue",
		}}
	}
	return nil
}

// flaggedOf returns what is said of flags as it is kept in domain.Body.Flagged; nothing, if
// no more is said than that they can be trusted.
func flaggedOf(options object, flags domain.Flags) (string, error) {
	told := false
	for name, v := range options {
		var o struct {
			Trusted *bool          `json:"trusted"`
			Message jsontext.Value `json:"message"`
		}
		number, err := strconv.Atoi(name)
		if err != nil || number < 0 || name != strconv.Itoa(number) || !flags.Has(number) ||
			json.Unmarshal(v, &o, json.RejectUnknownMembers(true)) != nil || o.Trusted == nil || o.Message != nil && o.Message.Kind() != '{' {
			return "", domain.ErrFlag
		}
		told = told || !*o.Trusted || o.Message != nil
	}
	if !told {
		return "", nil
	}
	kept, err := json.Marshal(options, json.Deterministic(true))
	if err != nil {
		return "", err
	}
	return domain.ParseCustom(kept)
}

// untrusted is what is said of a flag that nothing better is known of.
var untrusted = jsontext.Value(`{"trusted":false}`)

// ReadFlags returns the flags that metadata has where a comment is shown, and what is said of
// them as it is kept in domain.Body.Flagged. A flag of which that cannot be read is not trusted.
func ReadFlags(numbers []int, options map[string]jsontext.Value) (flags domain.Flags, flagged string) {
	for _, number := range numbers {
		if flag, err := domain.FlagsOf(number); err == nil {
			flags |= flag
		}
	}
	read := object{}
	for _, flag := range flags.List() {
		name := strconv.Itoa(flag)
		option, told := options[name]
		if !told {
			continue
		}
		if _, err := flaggedOf(object{name: option}, flags); err != nil {
			option = untrusted
		}
		read[name] = option
	}
	flagged, err := flaggedOf(read, flags)
	if err != nil { // it is too much
		for name := range read {
			read[name] = untrusted
		}
		flagged, _ = flaggedOf(read, flags)
	}
	return flags, flagged
}

// flagMembers are the members of metadata about flags: none, if there are none. What is not
// said otherwise can be trusted, for commentd has found it out by itself.
func flagMembers(flags domain.Flags, flagged string) []member {
	if flags == 0 {
		return nil
	}
	var said map[string]flagOptions
	if flagged != "" {
		_ = json.Unmarshal([]byte(flagged), &said) // what a redaction has left of it
	}
	var options ordered
	trusted := true
	for _, flag := range flags.List() {
		name := strconv.Itoa(flag)
		option, told := said[name]
		if !told {
			option.Trusted = true
		}
		trusted = trusted && option.Trusted
		options = append(options, member{name, option})
	}
	return []member{{"flags", flags.List()}, {"flags_options", options}, {"trusted", trusted}, {"suspension_type_id", nil}}
}
