package projections

import "github.com/jackc/pgx/v5/pgxpool"

// Tune makes the sessions of a pool plan each statement once, and as look-ups in
// indexes. All that the service asks while it serves is of that kind. The planner
// left to itself plans the same statement again and again because it hopes for a
// better plan, or keeps the scan that was right while a table was empty.
func Tune(config *pgxpool.Config) {
	for name, value := range map[string]string{
		"plan_cache_mode":   "force_generic_plan",
		"enable_seqscan":    "off",
		"enable_bitmapscan": "off",
		"enable_hashjoin":   "off",
		"enable_mergejoin":  "off",
		"jit":               "off",
	} {
		config.ConnConfig.RuntimeParams[name] = value
	}
}
