package threads

import "github.com/jackc/pgx/v5/pgxpool"

// Tune pins the planner.
func Tune(config *pgxpool.Config) {
	for name, value := range map[string]string{
		"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off",
		"enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off",
	} {
		config.ConnConfig.RuntimeParams[name] = value
	}
}
