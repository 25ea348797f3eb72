package dev.metakey.server.engine;

import dev.metakey.model.RegistryInfo;

/** What a call is told, and the registry's state when that was true. */
public record Reply<R>(RegistryInfo info, R value) {}
