// Package metrics names what commentd measures about itself. Labels are drawn from
// closed sets (routes, roles, states): never ids, slugs or anything typed.
package metrics

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the collectors of one process.
type Metrics struct {
	AppendSeconds   prometheus.Histogram     // a command's wait for its batch to be durable, in seconds
	AppendBatch     prometheus.Histogram     // commands per batch
	AppendOutcomes  *prometheus.CounterVec   // commands by outcome: appended, replayed, conflict, failed
	RelayLag        prometheus.Gauge         // events in the log that JetStream does not have
	RelayLagSeconds prometheus.Gauge         // age of the oldest of them, in seconds
	RelayPublished  prometheus.Counter       // events that JetStream took
	RelayHealed     *prometheus.CounterVec   // repairs of the stream by cause
	RelayState      *prometheus.GaugeVec     // 1 for the state the relay is in
	Outlets         *prometheus.GaugeVec     // outlets that this process fills, by state
	OutletPublished prometheus.Counter       // messages that outlets took
	OutletDelay     prometheus.Histogram     // from an event to when it is in an outlet, in seconds
	OutletHealed    *prometheus.CounterVec   // repairs of outlets by cause
	ProjectorLag    *prometheus.GaugeVec     // events not yet in the read model, by projection
	ProjectorAge    *prometheus.GaugeVec     // age of the oldest of them, in seconds, by projection
	ProjectorEvents *prometheus.CounterVec   // events applied, by projection and source (feed, log)
	ProjectorHalted *prometheus.GaugeVec     // partitions whose checkpoint the log does not lead to, by projection
	Quarantined     *prometheus.GaugeVec     // tickets whose events could not be applied, by projection
	TreeSize        prometheus.Gauge         // events in the Merkle tree of the log
	TreeLag         prometheus.Gauge         // events in the log that are not in its tree
	TreeHeadAge     prometheus.Gauge         // age of the last tree head, in seconds
	TreeHalted      prometheus.Gauge         // 1 if the log is not the one that was sealed
	TreeWitnessed   *prometheus.CounterVec   // tree heads by what the witness did: taken, failed
	ErasedTexts     *prometheus.CounterVec   // texts that retention has erased, by cause
	RequestSeconds  *prometheus.HistogramVec // request durations by method, route and status class
	CacheLookups    *prometheus.CounterVec   // page cache look-ups by result: hit, miss
	ObligationsOpen prometheus.Gauge         // removals whose keys have yet to be destroyed
	ErasureHorizon  prometheus.Gauge         // age of the oldest removed text whose key could still be recovered, in seconds
	UnverifiedKeys  prometheus.Gauge         // destroyed keys whose bytes nobody may look for

	WebhookAttempts  *prometheus.CounterVec // requests to webhooks by outcome: delivered, refused, unreachable, timeout
	WebhookDelay     prometheus.Histogram   // from an event to the first request about it, in seconds
	WebhookEndpoints *prometheus.GaugeVec   // webhooks that this process delivers to, by state: held (all), failing
	WebhooksOff      *prometheus.CounterVec // webhooks that were switched off, by reason: gone, failing
}

// New registers the collectors with r, which panics if they are there already.
func New(r prometheus.Registerer) *Metrics {
	latency := []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "commentd", Name: name, Help: help, Buckets: buckets})
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "commentd", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "commentd", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "commentd", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		AppendSeconds:   histogram("append_seconds", "Wait of a command until its batch is durable.", latency),
		AppendBatch:     histogram("append_batch_commands", "Commands per batch.", prometheus.ExponentialBuckets(1, 2, 10)),
		AppendOutcomes:  counters("append_commands_total", "Commands by outcome.", "outcome"),
		RelayLag:        prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "commentd", Name: "relay_lag_events", Help: "Events in the log that JetStream does not have."}),
		RelayLagSeconds: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "commentd", Name: "relay_lag_seconds", Help: "Age of the oldest event that JetStream does not have."}),
		RelayPublished:  prometheus.NewCounter(prometheus.CounterOpts{Namespace: "commentd", Name: "relay_published_total", Help: "Events that JetStream took."}),
		RelayHealed:     counters("relay_healed_total", "Repairs of the JetStream stream.", "cause"),
		RelayState:      gauges("relay_state", "1 for the state the relay is in.", "state"),
		Outlets:         gauges("outlets", "Outlets that this process fills.", "state"),
		OutletPublished: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "commentd", Name: "outlet_published_total", Help: "Messages that outlets took."}),
		OutletDelay:     histogram("outlet_delay_seconds", "From an event to when it is in an outlet.", append(latency, 10, 60, 600, 3600)),
		OutletHealed:    counters("outlet_healed_total", "Repairs of the streams of outlets.", "cause"),
		ProjectorLag:    gauges("projector_lag_events", "Events not yet in the read model.", "projection"),
		ProjectorAge:    gauges("projector_lag_seconds", "Age of the oldest event not yet in the read model.", "projection"),
		ProjectorEvents: counters("projector_events_total", "Events applied.", "projection", "source"),
		ProjectorHalted: gauges("projector_halted_partitions", "Partitions whose checkpoint the log does not lead to.", "projection"),
		Quarantined:     gauges("projector_quarantined_tickets", "Tickets whose events could not be applied.", "projection"),
		TreeSize:        gauge("tree_size_events", "Events in the Merkle tree of the log."),
		TreeLag:         gauge("tree_lag_events", "Events in the log that are not in its tree."),
		TreeHeadAge:     gauge("tree_head_age_seconds", "Age of the last tree head; it grows while nothing is written."),
		TreeHalted:      gauge("tree_halted", "1 if the log is not the one that was sealed."),
		TreeWitnessed:   counters("tree_heads_witnessed_total", "Tree heads by what the witness did.", "result"),
		ErasedTexts:     counters("retention_erased_texts_total", "Texts that retention has erased.", "cause"),
		RequestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "commentd", Name: "http_request_seconds", Help: "Request durations.", Buckets: latency,
		}, []string{"method", "route", "status"}),
		CacheLookups:    counters("page_cache_lookups_total", "Page cache look-ups.", "result"),
		ObligationsOpen: gauge("obligations_open", "Removals of contents whose keys have yet to be destroyed."),
		ErasureHorizon:  gauge("erasure_horizon_seconds", "Age of the oldest removed text whose key could still be recovered."),
		UnverifiedKeys:  gauge("erasure_unverified_keys", "Destroyed keys whose bytes the service may not look for."),

		WebhookAttempts:  counters("webhook_attempts_total", "Requests to webhooks.", "outcome"),
		WebhookDelay:     histogram("webhook_delay_seconds", "From an event to the first request about it.", append(latency, 10, 60, 600, 3600)),
		WebhookEndpoints: gauges("webhook_endpoints", "Webhooks that this process delivers to.", "state"),
		WebhooksOff:      counters("webhooks_switched_off_total", "Webhooks that were switched off.", "reason"),
	}
	r.MustRegister(m.AppendSeconds, m.AppendBatch, m.AppendOutcomes, m.RelayLag, m.RelayLagSeconds, m.RelayPublished,
		m.RelayHealed, m.RelayState, m.Outlets, m.OutletPublished, m.OutletDelay, m.OutletHealed, m.ProjectorLag, m.ProjectorAge, m.ProjectorEvents,
		m.ProjectorHalted, m.Quarantined, m.TreeSize, m.TreeLag, m.TreeHeadAge, m.TreeHalted, m.TreeWitnessed,
		m.ErasedTexts, m.RequestSeconds, m.CacheLookups, m.ObligationsOpen, m.ErasureHorizon, m.UnverifiedKeys,
		m.WebhookAttempts, m.WebhookDelay, m.WebhookEndpoints, m.WebhooksOff)
	return m
}
