/** What an instance measures, for Prometheus. */
export { type MetricsSource, PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus-text'
export { type PromRegistry, registerMetrics } from './prom-client'
