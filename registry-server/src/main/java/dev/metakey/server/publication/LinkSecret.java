package dev.metakey.server.publication;

import dev.metakey.model.Tag;

/**
 * What is published for those who may link.
 *
 * @param tag the committed one
 * @param gid the group whose members may read it; -1 for root and the daemon's user alone
 */
public record LinkSecret(Tag tag, int gid) {}
