package dev.metakey.server.fleet;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a host is to its fleet, beside its registry.
 *
 * @param name what it is called
 * @param machine a hash of its machine id; empty if it has none
 * @param version of its daemon
 * @param file where it keeps what it knows of its fleet
 * @param history takes note of what becomes of it there; on the agent's thread
 */
public record ThisHost(
    String name, String machine, String version, Path file, Consumer<List<FleetNews>> history) {}
