/**
 * Metrics for Prometheus: {@link dev.metakey.server.metrics.RegistryMetrics} reads what the daemon
 * tells of itself when somebody scrapes it, and {@link dev.metakey.server.metrics.Recorded} counts
 * calls. Loaded only where the config asks for metrics; imports value types and the HTTP answers.
 */
@NullMarked
package dev.metakey.server.metrics;

import org.jspecify.annotations.NullMarked;
