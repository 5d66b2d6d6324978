package metrics

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// WatchPool registers the state of a pool of Postgres connections with r.
func WatchPool(r prometheus.Registerer, pool *pgxpool.Pool) {
	gauge := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "commentd", Name: name, Help: help},
			func() float64 { return value(pool.Stat()) })
	}
	counter := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "commentd", Name: name, Help: help},
			func() float64 { return value(pool.Stat()) })
	}
	r.MustRegister(
		gauge("postgres_connections_max", "Connections that the pool may open.",
			func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		gauge("postgres_connections_acquired", "Connections in use.",
			func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
		gauge("postgres_connections_idle", "Connections open and not in use.",
			func(s *pgxpool.Stat) float64 { return float64(s.IdleConns()) }),
		counter("postgres_waits_total", "Acquisitions that had to wait for a connection.",
			func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		counter("postgres_wait_seconds_total", "Time spent waiting for a connection.",
			func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() }),
	)
}
