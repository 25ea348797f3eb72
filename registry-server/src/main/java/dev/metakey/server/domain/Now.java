package dev.metakey.server.domain;

/**
 * The time at which something is decided.
 *
 * @param atMs what the wall clock says, milliseconds since 1970: for people to read. It may be set
 *     to any time at any moment
 * @param ageMs how old the registry is, milliseconds: for measuring. It never goes back, never
 *     jumps, and continues over restarts and reboots
 */
public record Now(long atMs, long ageMs) {}
